public import Events
public import NIOCore
internal import Synchronization

/// Flume's memory channel: a queue in memory, lost with the process.
///
/// Holds batches as they came and cuts them only where a take asks for fewer. One lock, held for a few queue operations;
/// wakers, completions and room are dealt with outside it.
public final class MemoryChannel: Channel {
    private struct State {
        var queue = MemoryQueue()
        var out: [UInt64: [MemoryEntry]] = [:]
        var nextTicket: UInt64 = 0
        var nextPut: UInt64 = 0
        var waiting: [(waker: ChannelWaker, minimum: Int)] = []
        var isStopped = false

        /// Wakers whose number is reached; they are forgotten.
        mutating func due() -> [ChannelWaker] {
            guard !waiting.isEmpty else { return [] }
            let queued = queue.count
            let due = waiting.filter { $0.minimum <= queued }.map(\.waker)
            if !due.isEmpty { waiting.removeAll { $0.minimum <= queued } }
            return due
        }
    }

    package static let type = TypeEntry(
        alias: "memory",
        className: "org.apache.flume.channel.MemoryChannel",
        keys: [
            KeySpec("capacity"),
            KeySpec("transactionCapacity"),
            KeySpec("keep-alive"),
            KeySpec("byteCapacity"),
            KeySpec(
                "byteCapacityBufferPercentage",
                withoutEffect: "headers are counted as they are, not guessed at"
            ),
        ],
        limits: .init(
            capacity: .init("capacity", default: 100),
            transactionCapacity: .init("transactionCapacity", default: 100)
        )
    )

    /// Bytes in one take at most, where it holds more than one event: a sink's call stays well below the 64 MiB that a
    /// source takes in one frame.
    static let bytesOfOneTake = 16 << 20

    public let keepAlive: Duration
    public let transactionCapacity: Int
    private let chamber: ChannelRoom
    private let counters: ChannelCounters
    private let rollbacks: Counter?
    private let state = Mutex(State())

    /// - Parameter rollbacks: counts events that were given back.
    public init(
        room: ChannelRoom,
        transactionCapacity: Int,
        keepAlive: Duration,
        counters: ChannelCounters,
        rollbacks: Counter? = nil
    ) {
        self.rollbacks = rollbacks
        chamber = room
        self.transactionCapacity = transactionCapacity
        self.keepAlive = keepAlive
        self.counters = counters
        counters.describe(capacity: room.capacity) { [weak room] in room?.events ?? 0 }
    }

    /// As the file says; numbers that cannot be read give the default, with a note, as in Flume.
    package convenience init(_ context: ChannelContext) {
        let settings = context.settings
        let capacity = settings.intOrDefault("capacity", default: 100, min: 1, note: context.note)
        let transactions = settings.intOrDefault("transactionCapacity", default: 100, min: 1, note: context.note)
        let keepAlive = settings.intOrDefault("keep-alive", default: 3, min: 0, note: context.note)
        self.init(
            room: context.admission.makeRoom(capacity: capacity, byteCapacity: Self.byteCapacity(context)),
            transactionCapacity: transactions,
            keepAlive: .seconds(keepAlive),
            counters: context.counters
        )
    }

    /// Flume's `byteCapacity`; 0 or less sets no limit.
    static func byteCapacity(_ context: ChannelContext) -> Int {
        let bytes = context.settings.intOrDefault(
            "byteCapacity",
            default: context.defaultByteCapacity,
            min: .min,
            max: .max,
            note: context.note
        )
        return bytes > 0 ? bytes : .max
    }

    public var room: ChannelRoom? { chamber }
    public var size: Int { chamber.events }
    public var trouble: String? { nil }

    public func start() async throws(ComponentError) {}

    public func put(
        _ batch: EventBatch,
        grant: RoomGrant,
        custody: Custody?,
        stored: @escaping @Sendable (Result<Void, ComponentError>) -> Void
    ) {
        counters.eventPutAttempt.add(batch.count)
        let wakers = state.withLock { state -> [ChannelWaker]? in
            guard !state.isStopped else { return nil }
            state.queue.append(MemoryEntry(batch, custody: custody, grant: grant, put: state.nextPut))
            state.nextPut += 1
            return state.due()
        }
        guard let wakers else {
            grant.release(events: batch.count, bytes: grant.bytes)
            stored(.failure(ComponentError(.channelClosed, "the channel is stopping")))
            custody?.removed(batch.count)
            return
        }
        counters.eventPutSuccess.add(batch.count)
        stored(.success(()))
        for waker in wakers { waker.wake() }
    }

    public func refused(_ events: Int) { counters.eventPutAttempt.add(events) }

    public func take(upTo limit: Int, atLeast minimum: Int, waking waker: ChannelWaker) -> Delivery? {
        let taken = state.withLock { state -> (ticket: UInt64, entries: [MemoryEntry])? in
            guard state.queue.count >= max(minimum, 1), limit > 0 else {
                state.waiting.removeAll { $0.waker === waker }
                state.waiting.append((waker, max(minimum, 1)))
                return nil
            }
            let entries = state.queue.take(upTo: limit, bytes: Self.bytesOfOneTake)
            let ticket = state.nextTicket
            state.nextTicket += 1
            state.out[ticket] = entries
            return (ticket, entries)
        }
        guard let taken else {
            counters.eventTakeAttempt.add()
            return nil
        }
        let batch = EventBatch.merging(taken.entries.map(\.batch))
        counters.took(batch.count, of: limit)
        return Delivery(
            batch: batch,
            deadline: taken.entries.compactMap { $0.custody?.deadline }.min(),
            owner: self,
            ticket: taken.ticket
        )
    }

    public func finish(_ ticket: UInt64, _ end: DeliveryEnd) {
        var delivered: [MemoryEntry] = []
        var dropped: [MemoryEntry] = []
        let wakers = state.withLock { state -> [ChannelWaker] in
            guard let entries = state.out.removeValue(forKey: ticket) else { return [] }
            var returned: [MemoryEntry] = []
            switch end {
            case .delivered:
                delivered = entries
                return []
            case .notDelivered:
                returned = entries
            case .except(let failed):
                (delivered, returned) = MemoryEntry.part(entries, failed: failed)
            }
            rollbacks?.add(returned.reduce(0) { $0 + $1.batch.count })
            dropped = state.queue.giveBack(returned)
            return state.due()
        }
        for entry in delivered {
            counters.eventTakeSuccess.add(entry.batch.count)
            entry.grant.release(events: entry.batch.count, bytes: entry.bytes)
            entry.custody?.delivered(entry.batch.count)
        }
        for entry in dropped {
            entry.grant.release(events: entry.batch.count, bytes: entry.bytes)
            entry.custody?.removed(entry.batch.count)
        }
        for waker in wakers { waker.wake() }
    }

    public func withdraw(_ custody: Custody) -> Int {
        let removed = state.withLock { $0.queue.withdraw(custody) }
        for entry in removed { entry.grant.release(events: entry.batch.count, bytes: entry.bytes) }
        return removed.reduce(0) { $0 + $1.batch.count }
    }

    /// What is left, in the queue or with a sink that did not finish in time, is gone. Of that, only what was acknowledged
    /// is a loss: a batch whose sender still waits is answered as failed, and sent again.
    public func stop(deadline: NIODeadline) async -> Int {
        let left = state.withLock { state in
            state.isStopped = true
            defer {
                state.out = [:]
                state.waiting = []
            }
            return state.queue.removeAll() + state.out.values.joined()
        }
        var lost = 0
        for entry in left {
            entry.grant.release(events: entry.batch.count, bytes: entry.bytes)
            if let custody = entry.custody {
                custody.removed(entry.batch.count)
            } else {
                lost += entry.batch.count
            }
        }
        return lost
    }
}
