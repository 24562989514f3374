internal import DequeModule
internal import Events
internal import NIOCore

/// A file that the source knows. Belongs to the driver, which alone touches it.
final class TailedFile {
    enum Phase {
        /// Not looked into yet, or it was empty.
        case new
        /// Begins like another content; not read until it is known to be its copy or not.
        case suspect(of: Int, size: UInt64, since: NIODeadline)
        case reading
        /// Closed: all that it held was delivered, or it stands in the position file and was not looked into yet.
        case closed
        /// Could not be opened or read; tried again at the next look.
        case failed
    }

    /// Events on their way to the channels.
    struct Parcel {
        var batch: EventBatch
        /// As cut: interceptors may change both.
        var count: Int
        var bytes: Int
        var content: Int
        /// In the content's progress.
        var number: Int
        var isIntercepted = false
        /// Before it is offered again.
        var pause = TaildirDriver.firstRefusalPause
    }

    let id: Int
    let group: Int
    /// The inode number, and the device once the file has been seen.
    let inode: UInt64
    var key: FileKey?
    /// Where it was last seen.
    var path: String
    /// For the header: where what it holds was first seen.
    var firstPath: String
    var phase: Phase
    /// What it holds, a key of the driver's contents.
    var content: Int
    var reader: TailReader?
    /// Held open while it is not known what it is.
    var unread: (any ByteSource)?
    /// How it was found to be a gzip file of a known content that is not whole.
    var unfinished: (status: FileStatus, reason: String, isTold: Bool)?
    /// The content that it begins like, kept while it is a gzip file that is not known to hold it.
    var likened: Int?
    /// Whether it has a name that matches.
    var isSighted = true
    /// What was seen of it at the last look.
    var seen: FileStatus?
    /// What it holds was there before the agent was.
    var startsAtEnd: Bool
    /// The position came from the file and was not tried on the content yet.
    var stored: FilePosition?
    /// When it was changed last before its content was read as far as it is.
    var modified: Int64?
    /// The content that it held before, while the copy of that is looked for.
    var sought: Int?

    /// A thread of the pool is at it.
    var isBusy = false
    /// There may be more to read than was read.
    var hasMore = false
    /// Something happened while it was busy.
    var isPoked = false
    var isDeleted = false
    var hasRest = false
    var lastChange: NIODeadline
    var lastRead = NIODeadline.uptimeNanoseconds(0)
    /// A later read is arranged for.
    var isScheduled = false

    /// Cut, and not offered to the channels yet.
    var parcels: Deque<Parcel> = []
    /// The attempt of the parcel that is offered and not admitted.
    var offering: Int?
    /// The way of the parcel that is offered.
    var passage: Passage?
    /// Parcels, and their bytes, that are not acknowledged.
    var held = 0
    var heldBytes = 0

    init(
        id: Int,
        group: Int,
        inode: UInt64,
        path: String,
        content: Int,
        phase: Phase,
        startsAtEnd: Bool,
        now: NIODeadline
    ) {
        self.id = id
        self.group = group
        self.inode = inode
        self.path = path
        self.content = content
        self.phase = phase
        self.startsAtEnd = startsAtEnd
        firstPath = path
        lastChange = now
    }

    var folder: String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
