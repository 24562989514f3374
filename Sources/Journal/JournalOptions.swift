/// How a queue is kept.
package struct JournalOptions: Sendable {
    /// When an append is answered.
    package enum Sync: Hashable, Sendable {
        /// After `fdatasync`; many appends share one.
        case everyGroup
        /// After the write; synced every so many nanoseconds. A power failure loses what came since; a killed process
        /// loses nothing.
        case interval(UInt64)
    }

    /// Who has the directories, as another who wants them is told: "channel c1 of agent a1".
    package var name: String
    /// Where the cursor and the quarantine are (Flume's `checkpointDir`).
    package var checkpointDirectory: String
    /// Where the segments are (Flume's `dataDirs`), in turn.
    package var dataDirectories: [String]
    package var sync = Sync.everyGroup

    /// Bytes of a segment. A record larger than that has one of its own size.
    package var segmentSize = 64 << 20
    /// A segment that is new on disk is filled with zeros so many bytes ahead, once.
    package var fillStep = 4 << 20
    /// Bytes that stay free in each directory (Flume's `minimumRequiredSpace`): what grows a file beyond is refused.
    package var minimumRequiredSpace = 524_288_000
    /// Payload bytes of a frame, unless one item has more: what one bad sector costs at most.
    package var frameLimit = 256 << 10
    /// Bytes that one write and one sync take at most, unless one record has more.
    package var groupLimit = 4 << 20
    /// A frame of so many payload bytes is written from where they are and 64 bytes longer; smaller ones are copied together
    /// first.
    package var directLimit = 8 << 10
    /// Bytes that wait to be written at most; an append beyond is refused at once.
    package var waitingLimit = 256 << 20
    /// Bytes of stored records that are kept in memory for takes.
    package var windowLimit = 16 << 20
    /// Items between the first that is not delivered and the last that is taken.
    package var inFlightLimit: UInt64 = 1 << 20
    /// Released segments kept to be written over.
    package var spareLimit = 4
    /// Nanoseconds between two writes of the cursor, and between two syncs of it.
    package var cursorWriteInterval: UInt64 = 1_000_000
    package var cursorSyncInterval: UInt64 = 100_000_000
    /// Nanoseconds after which a full directory, or a queue that failed for lack of space, is tried again.
    package var retryInterval: UInt64 = 1_000_000_000
    /// Nanoseconds that `close` waits for the disk.
    package var closeTimeout: UInt64 = 5_000_000_000
    /// Bytes of damage copied to the quarantine from one place, and files there at most.
    package var quarantineSpanLimit = 4 << 20
    package var quarantineFileLimit = 256

    package var cipher: (any JournalCipher)?
    /// Told of what an operator should know. Called from the queue's threads and from `open`; must not block or call
    /// the queue.
    package var notice: @Sendable (JournalNotice) -> Void = { _ in }

    /// Called by the writer's thread with what answers all appends of one group, and what wakes who waits for stored items; must
    /// call each once, at once and in this order.
    package var answering: @Sendable (_ answers: () -> Void, _ wakes: () -> Void) -> Void = { answers, wakes in
        answers()
        wakes()
    }

    /// Called by a thread that appended, to raise the signal that wakes the writer: now, or soon, when it has appended all that
    /// it has at hand.
    package var announcing: @Sendable (_ news: Signal) -> Void = { news in news.raise() }

    package init(name: String, checkpointDirectory: String, dataDirectories: [String]) {
        self.name = name
        self.checkpointDirectory = checkpointDirectory
        self.dataDirectories = dataDirectories
    }
}
