internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#endif

/// What inotify says of the watched folders, read out of its bytes (inotify(7), `struct inotify_event`).
enum FolderEvents {
    enum Event: Hashable, Sendable {
        /// A file was written to.
        case written(watch: CInt, name: String)
        /// A name has come, gone or led elsewhere, or events were lost: the folders are to be looked at.
        case changed
        case created(Place)
        case renamed(from: Place, to: Place)
    }

    struct Place: Hashable, Sendable {
        var watch: CInt
        var name: String
    }

    /// Files that are made in a folder.
    static var births: UInt32 { UInt32(IN_CREATE) | UInt32(IN_ONLYDIR) }

    /// All that may lead to something to read.
    static var all: UInt32 {
        UInt32(IN_MODIFY) | UInt32(IN_CREATE) | UInt32(IN_DELETE) | UInt32(IN_MOVED_FROM) | UInt32(IN_MOVED_TO)
            | UInt32(IN_ATTRIB) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF) | UInt32(IN_ONLYDIR)
    }

    /// Everything in the bytes of one read, which holds whole records. Equal events come once.
    static func read(_ bytes: ByteBuffer) -> [Event] {
        var bytes = bytes
        var events: [Event] = []
        var seen: Set<Event> = []
        var sources: [UInt32: Place] = [:]
        func add(_ event: Event) {
            if seen.insert(event).inserted { events.append(event) }
        }
        while let watch = bytes.readInteger(endianness: .host, as: CInt.self),
            let mask = bytes.readInteger(endianness: .host, as: UInt32.self),
            let cookie = bytes.readInteger(endianness: .host, as: UInt32.self),
            let length = bytes.readInteger(endianness: .host, as: UInt32.self),
            let padded = bytes.readBytes(length: Int(length))
        {
            let name = String(decoding: padded.prefix { $0 != 0 }, as: UTF8.self)
            if mask & UInt32(IN_MODIFY) != 0 {
                add(.written(watch: watch, name: name))
                continue
            }
            if mask & UInt32(IN_MOVED_FROM) != 0 {
                sources[cookie] = Place(watch: watch, name: name)
            } else if mask & UInt32(IN_MOVED_TO) != 0, let source = sources.removeValue(forKey: cookie) {
                events.append(.renamed(from: source, to: Place(watch: watch, name: name)))
            }
            if mask & UInt32(IN_CREATE) != 0 { events.append(.created(Place(watch: watch, name: name))) }
            add(.changed)
        }
        return events
    }
}
