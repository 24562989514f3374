/// Why the journal could not do what was asked.
package struct JournalError: Error, Sendable, CustomStringConvertible {
    /// What went wrong, for those who branch on it.
    package struct Code: Hashable, Sendable {
        private enum Kind: Hashable {
            case locked, unusable, noSpace, busy, failed, closed, tooLarge, key
        }

        private let kind: Kind

        /// Another process, or another queue of this one, has the directory.
        package static let locked = Code(kind: .locked)
        /// A directory cannot be used at all.
        package static let unusable = Code(kind: .unusable)
        /// No directory has room. Nothing was stored; try again later.
        package static let noSpace = Code(kind: .noSpace)
        /// Too much waits to be written. Nothing was stored; try again later.
        package static let busy = Code(kind: .busy)
        /// Every directory failed: the queue only reads until it is opened anew.
        package static let failed = Code(kind: .failed)
        /// The queue is closing or closed.
        package static let closed = Code(kind: .closed)
        /// The record can never be stored.
        package static let tooLarge = Code(kind: .tooLarge)
        /// A segment's key is missing.
        package static let key = Code(kind: .key)
    }

    package let code: Code
    /// What, where, why and what to do.
    package let message: String
    package let cause: FileSystemError?

    package init(_ code: Code, _ message: String, cause: FileSystemError? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// Whether the same call may succeed later.
    package var isRetriable: Bool { code == .noSpace || code == .busy }
    package var description: String { message }
}
