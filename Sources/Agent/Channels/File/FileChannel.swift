public import Events
internal import Journal
internal import Logging
public import NIOCore
internal import Synchronization

/// Flume's file channel: a queue on disk that survives the death of its process and of its machine.
///
/// A batch is acknowledged when it is on stable storage. Batches that come meanwhile share the next sync. Delivering is
/// told in any order and needs no room on the disk. Files and promises: `docs/journal.md`.
public final class FileChannel: Channel {
    package static let type = TypeEntry(
        alias: "file",
        className: "org.apache.flume.channel.file.FileChannel",
        keys: [KeySpec("capacity"), KeySpec("keep-alive")] + FileChannelSettings.sharedKeys,
        limits: .init(
            capacity: FileChannelSettings.capacity,
            transactionCapacity: FileChannelSettings.transactionCapacity
        )
    )

    public let keepAlive: Duration
    public let transactionCapacity: Int
    private let settings: FileChannelSettings
    private let chamber: ChannelRoom
    private let counters: FileChannelCounters
    private let logger: Logger
    private let opened: Opened

    /// The store, from the start on.
    private final class Opened: Sendable {
        let store = AtomicLazyReference<EventStore>()
    }

    package convenience init(_ context: ChannelContext) throws(ConfigurationFault) {
        try self.init(
            context,
            capacity: FileChannelSettings.positive(context.settings, FileChannelSettings.capacity, context.note),
            keepAlive: context.settings.seconds("keep-alive", default: .seconds(3))
        )
    }

    init(_ context: ChannelContext, capacity: Int, keepAlive: Duration) throws(ConfigurationFault) {
        settings = try FileChannelSettings(context)
        self.keepAlive = keepAlive
        transactionCapacity = settings.transactionCapacity
        // Bytes are bounded by the disk.
        chamber = context.admission.makeRoom(capacity: capacity, byteCapacity: .max)
        let opened = Opened()
        self.opened = opened
        counters = FileChannelCounters(context.counters, room: chamber) { opened.store.load() }
        logger = context.logger
    }

    public var room: ChannelRoom? { chamber }
    public var size: Int { chamber.events }
    /// A stop keeps everything.
    public var unsavedSize: Int { 0 }
    public var isDurable: Bool { true }
    public var trouble: String? { opened.store.load()?.queue.trouble }

    public func start() async throws(ComponentError) {
        let (counters, logger, chamber) = (counters, logger, chamber)
        let store = try await EventStore.open(
            settings,
            told: { notice in
                notice.tell(logger)
                counters.told(notice)
            },
            lost: { chamber.release(events: $0) }
        )
        let report = store.queue.report
        chamber.occupy(events: Int(report.pendingItems))
        _ = opened.store.storeIfNil(store)
        store.watchLosses()
        logger.info(
            "file channel is open",
            metadata: [
                "events": "\(report.pendingItems)", "lost": "\(report.lostItems)", "segments": "\(report.segments)",
                "read": "\(report.scannedSegments)",
            ]
        )
    }

    public func put(
        _ batch: EventBatch,
        grant: RoomGrant,
        custody: Custody?,
        stored: @escaping @Sendable (Result<Void, ComponentError>) -> Void
    ) {
        let (count, counters, chamber) = (batch.count, counters, chamber)
        counters.channel.eventPutAttempt.add(count)
        let answer: @Sendable (Result<Void, JournalError>) -> Void = { result in
            switch result {
            case .success:
                counters.channel.eventPutSuccess.add(count)
                custody?.stored(count)
                stored(.success(()))
            case .failure(let error):
                counters.notStored(error)
                chamber.release(events: count)
                stored(.failure(ComponentError(error)))
                custody?.removed(count)
            }
        }
        if let store = opened.store.load() {
            store.queue.append(batch, stored: answer)
        } else {
            answer(.failure(JournalError(.closed, "the channel is not open")))
        }
        // The room counts no bytes; given back last, so that nobody is let in before this batch.
        grant.release(events: 0, bytes: grant.bytes)
    }

    public func refused(_ events: Int) { counters.channel.eventPutAttempt.add(events) }

    public func take(upTo limit: Int, atLeast minimum: Int, waking waker: ChannelWaker) -> Delivery? {
        let taken = opened.store.load()?.queue.take(
            upTo: limit,
            bytes: MemoryChannel.bytesOfOneTake,
            atLeast: minimum,
            waking: waker.ofJournal
        )
        guard let taken else {
            counters.channel.eventTakeAttempt.add()
            return nil
        }
        let batch = EventBatch.merging(taken.parts.map { $0.payload.slice($0.items) })
        counters.channel.took(batch.count, of: limit)
        return Delivery(batch: batch, deadline: nil, owner: self, ticket: taken.ticket)
    }

    public func finish(_ ticket: UInt64, _ end: DeliveryEnd) {
        let done = opened.store.load()?.queue.finish(ticket, JournalEnd(end)) ?? 0
        guard done > 0 else { return }
        counters.channel.eventTakeSuccess.add(done)
        chamber.release(events: done)
    }

    /// What is stored is delivered, whoever waits for it.
    public func withdraw(_ custody: Custody) -> Int { 0 }

    /// Loses nothing: what is not delivered is there at the next start.
    public func stop(deadline: NIODeadline) async -> Int {
        await opened.store.load()?.close()
        return 0
    }
}
