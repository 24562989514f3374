/// What an operator should know, once per occurrence.
package struct JournalNotice: Sendable, CustomStringConvertible {
    package struct Kind: Hashable, Sendable {
        private enum Name: Hashable {
            case tail, lost, directoryFailed, directoryFull, directoryBack, syncFailed, readOnly, cursor, leftover,
                leftOpen
        }

        private let name: Name
        /// Whether somebody should look at it now.
        package let isAlarm: Bool

        /// What a crash left unfinished was cut off: nobody had been told that it was stored.
        package static let tail = Kind(name: .tail, isAlarm: false)
        /// Items that had been stored are gone: `items` says how many.
        package static let lost = Kind(name: .lost, isAlarm: true)
        /// A directory failed and is left out until the next start.
        package static let directoryFailed = Kind(name: .directoryFailed, isAlarm: true)
        /// A directory has no room and is left out until it has.
        package static let directoryFull = Kind(name: .directoryFull, isAlarm: true)
        package static let directoryBack = Kind(name: .directoryBack, isAlarm: false)
        /// A write or a sync failed; the records went to a new segment.
        package static let syncFailed = Kind(name: .syncFailed, isAlarm: true)
        /// Nothing can be stored any more.
        package static let readOnly = Kind(name: .readOnly, isAlarm: true)
        /// The cursor was not sound or cannot be written: deliveries may come again.
        package static let cursor = Kind(name: .cursor, isAlarm: true)
        /// Something of no consequence was found or could not be tidied away.
        package static let leftover = Kind(name: .leftover, isAlarm: false)
        /// A close did not wait any longer for a disk that does not answer.
        package static let leftOpen = Kind(name: .leftOpen, isAlarm: true)
    }

    package let kind: Kind
    package let message: String
    /// Items lost; 0 for other kinds.
    package let items: UInt64
    /// The file or directory.
    package let path: String

    init(_ kind: Kind, _ message: String, items: UInt64 = 0, path: String) {
        self.kind = kind
        self.message = message
        self.items = items
        self.path = path
    }

    package var description: String { "\(message) (\(path))" }
}
