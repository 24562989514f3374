public import Events
internal import Journal
internal import Logging
public import NIOCore
internal import Synchronization

/// Flume's spillable memory channel: a queue in memory, and on disk what does not fit there.
///
/// A batch is wholly in one of the two, and all come out in the order in which they came in. What is in memory is lost with
/// the process; a stop brings it to disk first. Nothing waits for memory: a batch that finds it full goes to disk at once.
public final class SpillableMemoryChannel: Channel {
    /// Bytes that a stop stores as one record.
    private static let recordOfStop = 4 << 20

    public let keepAlive: Duration
    public let transactionCapacity: Int
    private let settings: FileChannelSettings
    private let chamber: ChannelRoom
    private let counters: ChannelCounters
    private let spilled: Counter
    private let logger: Logger
    private let inside: Inside

    /// What the disk's callbacks reach too.
    private final class Inside: Sendable {
        let state: Mutex<SpillState>
        let store = AtomicLazyReference<EventStore>()

        init(_ limits: SpillLimits) { state = Mutex(SpillState(limits)) }

        func wake(_ change: (inout SpillState) -> [ChannelWaker]) {
            for waker in state.withLock({ change(&$0) }) { waker.wake() }
        }
    }

    /// Fires when the disk's queue has read back what a taker found missing.
    private let readBack: JournalWaker

    /// - Parameter overflowCapacity: events on disk at most, beside those in memory.
    init(
        _ context: ChannelContext,
        _ settings: FileChannelSettings,
        limits: SpillLimits,
        overflowCapacity: Int,
        keepAlive: Duration
    ) {
        self.settings = settings
        transactionCapacity = settings.transactionCapacity
        self.keepAlive = keepAlive
        chamber = context.admission.makeRoom(capacity: limits.events + overflowCapacity, byteCapacity: .max)
        counters = context.counters
        spilled = counters.group.counter("SpilledEventCount")
        logger = context.logger
        let inside = Inside(limits)
        self.inside = inside
        readBack = JournalWaker { inside.wake { $0.readBack() } }
        counters.describe(capacity: chamber.capacity) { [weak chamber] in chamber?.events ?? 0 }
        counters.group.computed("MemoryEventCount") { String(inside.state.withLock { $0.memoryEvents }) }
        counters.group.computed("LostEventCount") { String(inside.store.load()?.queue.counters.lostItems ?? 0) }
    }

    public var room: ChannelRoom? { chamber }
    public var size: Int { chamber.events }
    /// A stop brings to disk what is in memory, but for what somebody waits for.
    public var unsavedSize: Int { inside.state.withLock { $0.awaitedEvents } }
    public var trouble: String? { inside.store.load()?.queue.trouble }

    public func start() async throws(ComponentError) {
        let (inside, logger, chamber) = (inside, logger, chamber)
        let store = try await EventStore.open(
            settings,
            told: { $0.tell(logger) },
            lost: { count in
                inside.wake { $0.lost(count) }
                chamber.release(events: count)
            }
        )
        let pending = Int(store.queue.report.pendingItems)
        chamber.occupy(events: pending)
        inside.state.withLock { $0.found(pending) }
        _ = inside.store.storeIfNil(store)
        store.watchLosses()
        logger.info("spillable memory channel is open", metadata: ["events": "\(pending)"])
    }

    public func put(
        _ batch: EventBatch,
        grant: RoomGrant,
        custody: Custody?,
        stored: @escaping @Sendable (Result<Void, ComponentError>) -> Void
    ) {
        counters.eventPutAttempt.add(batch.count)
        switch inside.state.withLock({ $0.put(batch, custody: custody, grant: grant) }) {
        case .memory(let wakers):
            counters.eventPutSuccess.add(batch.count)
            stored(.success(()))
            for waker in wakers { waker.wake() }
        case .disk:
            spill(batch, custody, stored)
        case .refused:
            chamber.release(events: batch.count)
            stored(.failure(ComponentError(.channelClosed, "the channel is stopping")))
            custody?.removed(batch.count)
        }
        // The room counts no bytes: memory's are counted beside it.
        grant.release(events: 0, bytes: grant.bytes)
    }

    private func spill(
        _ batch: EventBatch,
        _ custody: Custody?,
        _ stored: @escaping @Sendable (Result<Void, ComponentError>) -> Void
    ) {
        let (count, inside, counters, spilled, chamber) = (batch.count, inside, counters, spilled, chamber)
        let answer: @Sendable (Result<Void, JournalError>) -> Void = { result in
            switch result {
            case .success:
                counters.eventPutSuccess.add(count)
                spilled.add(count)
                let wakers = inside.state.withLock { $0.stored(count) }
                custody?.stored(count)
                stored(.success(()))
                for waker in wakers { waker.wake() }
            case .failure(let error):
                inside.state.withLock { $0.notStored() }
                chamber.release(events: count)
                stored(.failure(ComponentError(error)))
                custody?.removed(count)
            }
        }
        if let store = inside.store.load() {
            store.queue.append(batch, stored: answer)
        } else {
            answer(.failure(JournalError(.closed, "the channel is not open")))
        }
    }

    public func refused(_ events: Int) { counters.eventPutAttempt.add(events) }

    public func take(upTo limit: Int, atLeast minimum: Int, waking waker: ChannelWaker) -> Delivery? {
        let (queue, readBack) = (inside.store.load()?.queue, readBack)
        let taken = inside.state.withLock { state in
            state.take(
                upTo: limit,
                bytes: MemoryChannel.bytesOfOneTake,
                atLeast: minimum,
                waking: waker
            ) { limit, bytes in queue?.take(upTo: limit, bytes: bytes, waking: readBack) }
        }
        guard let taken else {
            counters.eventTakeAttempt.add()
            return nil
        }
        let batch = EventBatch.merging(taken.batches)
        counters.took(batch.count, of: limit)
        var deadlines: [Custody] = []
        for case .memory(let entries) in taken.parts { deadlines += entries.compactMap(\.custody) }
        return Delivery(batch: batch, deadline: deadlines.map(\.deadline).min(), owner: self, ticket: taken.ticket)
    }

    public func finish(_ ticket: UInt64, _ end: DeliveryEnd) {
        var delivered: [MemoryEntry] = []
        var returned: [MemoryEntry] = []
        var runs: [DiskOrder.Run] = []
        var done = 0
        var base = 0
        for part in inside.state.withLock({ $0.end(ticket) }) {
            let failed = end.failed(in: base..<(base + part.count))
            base += part.count
            switch part {
            case .memory(let entries):
                let (good, bad) = MemoryEntry.part(entries, failed: failed)
                delivered += good
                returned += bad
            case .disk(let ticket, var run):
                let gone = inside.store.load()?.queue.finish(ticket, .except(failed)) ?? 0
                done += gone
                run.count -= gone
                runs.append(run)
            }
        }
        let (dropped, wakers) = inside.state.withLock { state in
            state.left(delivered)
            return state.giveBack(returned, runs)
        }
        for entry in delivered {
            done += entry.batch.count
            entry.custody?.delivered(entry.batch.count)
        }
        counters.eventTakeSuccess.add(done)
        leave(dropped)
        if done > 0 { chamber.release(events: done) }
        for waker in wakers { waker.wake() }
    }

    public func withdraw(_ custody: Custody) -> Int {
        let removed = inside.state.withLock { $0.withdraw(custody) }.reduce(0) { $0 + $1.batch.count }
        if removed > 0 { chamber.release(events: removed) }
        return removed
    }

    /// Batches in memory that nobody wants back.
    private func leave(_ entries: [MemoryEntry]) {
        for entry in entries {
            chamber.release(events: entry.batch.count)
            entry.custody?.removed(entry.batch.count)
        }
    }

    /// Stores what is in memory, behind what is on disk. Lost is what cannot be stored by the deadline; batches whose sender
    /// still waits are answered as failed, and sent again.
    public func stop(deadline: NIODeadline) async -> Int {
        let left = inside.state.withLock { $0.stop() }
        leave(left.filter { $0.custody != nil })
        var lost = 0
        var record: [EventBatch] = []
        for entry in left where entry.custody == nil {
            record.append(entry.batch)
            guard record.reduce(0, { $0 + $1.bytes.readableBytes }) >= Self.recordOfStop else { continue }
            lost += await save(record, until: deadline)
            record = []
        }
        lost += await save(record, until: deadline)
        await inside.store.load()?.close()
        return lost
    }

    /// Stores batches as one record; returns how many events could not be.
    private func save(_ batches: [EventBatch], until deadline: NIODeadline) async -> Int {
        guard !batches.isEmpty else { return 0 }
        let record = EventBatch.merging(batches)
        guard let store = inside.store.load() else { return record.count }
        while true {
            let result = await withCheckedContinuation { continuation in
                store.queue.append(record) { continuation.resume(returning: $0) }
            }
            guard case .failure(let error) = result else { return 0 }
            // What was spilled before the stop is still on its way to disk.
            if error.code == .busy, NIODeadline.now() < deadline, !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(10))
                continue
            }
            logger.error("what is in memory cannot be stored", metadata: ["reason": "\(error)"])
            return record.count
        }
    }
}

extension DeliveryEnd {
    /// The events of a part of a delivery that were not delivered, counted from the part's first one.
    fileprivate func failed(in part: Range<Int>) -> [Int] {
        switch self {
        case .delivered: []
        case .notDelivered: Array(0..<part.count)
        case .except(let events): events.filter(part.contains).map { $0 - part.lowerBound }
        }
    }
}
