internal import DequeModule
public import Events
import NIOCore
internal import Synchronization

/// Flume's memory channel: a queue in memory, lost with the process.
///
/// Holds batches as they came and cuts them only where a take asks for fewer. One lock, held for a few queue operations;
/// wakers, completions and room are dealt with outside it.
public final class MemoryChannel: Channel {
    /// Events of one batch that lie together, with what must be told when they leave.
    private struct Entry {
        var batch: EventBatch
        var custody: Custody?
        var grant: RoomGrant
        /// The part of the grant's bytes that goes with these events.
        var bytes: Int
        /// Place in the channel's order: which put, and which event of it.
        var put: UInt64
        var first: Int

        func isBefore(_ other: Entry) -> Bool { (put, first) < (other.put, other.first) }

        /// Cuts off the first `count` events.
        mutating func split(_ count: Int) -> Entry {
            var front = self
            front.batch = batch.slice(0..<count)
            front.bytes = bytes * count / batch.count
            batch = batch.slice(count..<batch.count)
            bytes -= front.bytes
            first += count
            return front
        }
    }

    private struct State {
        var queue: Deque<Entry> = []
        /// Events in the queue.
        var queued = 0
        var out: [UInt64: [Entry]] = [:]
        var nextTicket: UInt64 = 0
        var nextPut: UInt64 = 0
        var waiting: [(waker: ChannelWaker, minimum: Int)] = []
        var isStopped = false

        /// Wakers whose number is reached; they are forgotten.
        mutating func due() -> [ChannelWaker] {
            guard !waiting.isEmpty else { return [] }
            let queued = queued
            let due = waiting.filter { $0.minimum <= queued }.map(\.waker)
            if !due.isEmpty { waiting.removeAll { $0.minimum <= queued } }
            return due
        }

        /// Puts entries back where they were in the order.
        mutating func giveBack(_ entries: [Entry]) {
            for entry in entries.reversed() {
                let at = queue.firstIndex { entry.isBefore($0) } ?? queue.endIndex
                queue.insert(entry, at: at)
                queued += entry.batch.count
            }
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
    private let state = Mutex(State())

    public init(
        room: ChannelRoom,
        transactionCapacity: Int,
        keepAlive: Duration,
        counters: ChannelCounters
    ) {
        chamber = room
        self.transactionCapacity = transactionCapacity
        self.keepAlive = keepAlive
        self.counters = counters
        counters.describe(capacity: room.capacity) { [weak room] in room?.events ?? 0 }
    }

    /// As the file says; numbers that cannot be read give the default, with a note, as in Flume.
    package convenience init(_ context: ChannelContext) throws(ConfigurationFault) {
        let settings = context.settings
        let capacity = settings.intOrDefault("capacity", default: 100, min: 1, note: context.note)
        let transactions = settings.intOrDefault("transactionCapacity", default: 100, min: 1, note: context.note)
        let bytes = try settings.int64("byteCapacity", default: Int64(context.defaultByteCapacity), min: 0)
        self.init(
            room: context.admission.makeRoom(capacity: capacity, byteCapacity: bytes == 0 ? .max : Int(bytes)),
            transactionCapacity: transactions,
            keepAlive: try settings.seconds("keep-alive", default: .seconds(3)),
            counters: context.counters
        )
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
            let entry = Entry(
                batch: batch,
                custody: custody,
                grant: grant,
                bytes: grant.bytes,
                put: state.nextPut,
                first: 0
            )
            state.nextPut += 1
            state.queue.append(entry)
            state.queued += batch.count
            return state.due()
        }
        guard let wakers else {
            grant.release(events: batch.count, bytes: grant.bytes)
            custody?.removed(batch.count)
            stored(.failure(ComponentError(.channelClosed, "the channel is stopping")))
            return
        }
        counters.eventPutSuccess.add(batch.count)
        stored(.success(()))
        for waker in wakers { waker.wake() }
    }

    public func refused(_ events: Int) { counters.eventPutAttempt.add(events) }

    public func take(upTo limit: Int, atLeast minimum: Int, waking waker: ChannelWaker) -> Delivery? {
        let taken = state.withLock { state -> (ticket: UInt64, entries: [Entry])? in
            guard state.queued >= max(minimum, 1), limit > 0 else {
                state.waiting.removeAll { $0.waker === waker }
                state.waiting.append((waker, max(minimum, 1)))
                return nil
            }
            var entries: [Entry] = []
            var room = limit
            var byteRoom = Self.bytesOfOneTake
            while room > 0, var entry = state.queue.popFirst() {
                let fits = min(room, entry.batch.count(within: byteRoom))
                if !entries.isEmpty, entry.batch.slice(0..<fits).bytes.readableBytes > byteRoom {
                    state.queue.prepend(entry)
                    break
                }
                if entry.batch.count > fits {
                    entries.append(entry.split(fits))
                    state.queue.prepend(entry)
                    break
                }
                room -= entry.batch.count
                byteRoom -= entry.batch.bytes.readableBytes
                entries.append(entry)
            }
            state.queued -= entries.reduce(0) { $0 + $1.batch.count }
            let ticket = state.nextTicket
            state.nextTicket += 1
            // Under the lock, so that a withdrawal sees these events either in the queue or held.
            for entry in entries { entry.custody?.taken(entry.batch.count) }
            state.out[ticket] = entries
            return (ticket, entries)
        }
        guard let taken else {
            counters.eventTakeAttempt.add()
            return nil
        }
        let batch = EventBatch.merging(taken.entries.map(\.batch))
        // Flume takes event by event, and once more in vain where there are fewer than it wants.
        counters.eventTakeAttempt.add(batch.count < limit ? batch.count + 1 : batch.count)
        return Delivery(
            batch: batch,
            deadline: taken.entries.compactMap { $0.custody?.deadline }.min(),
            owner: self,
            ticket: taken.ticket
        )
    }

    public func finish(_ ticket: UInt64, _ end: DeliveryEnd) {
        var delivered: [Entry] = []
        var dropped: [Entry] = []
        let wakers = state.withLock { state -> [ChannelWaker] in
            guard let entries = state.out.removeValue(forKey: ticket) else { return [] }
            var returned: [Entry] = []
            switch end {
            case .delivered:
                delivered = entries
                return []
            case .notDelivered:
                returned = entries
            case .except(let failed):
                (delivered, returned) = Self.part(entries, failed: failed)
            }
            let kept = returned.filter { entry in
                let keep = entry.custody?.givenBack(entry.batch.count) ?? true
                if !keep { dropped.append(entry) }
                return keep
            }
            state.giveBack(kept)
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

    /// Cuts entries into what was delivered and what was not; the events are copied, so that neither pins the other.
    private static func part(_ entries: [Entry], failed: [Int]) -> (delivered: [Entry], returned: [Entry]) {
        var delivered: [Entry] = []
        var returned: [Entry] = []
        let failed = Set(failed)
        var index = 0
        for var entry in entries {
            var isWhole = false
            while !isWhole {
                let isFailed = failed.contains(index)
                var run = 1
                while run < entry.batch.count, failed.contains(index + run) == isFailed { run += 1 }
                index += run
                isWhole = run == entry.batch.count
                var piece = isWhole ? entry : entry.split(run)
                if isFailed {
                    piece.batch = EventBatch.merging([piece.batch]).withoutWaste()
                    returned.append(piece)
                } else {
                    delivered.append(piece)
                }
            }
        }
        return (delivered, returned)
    }

    public func withdraw(_ custody: Custody) -> Int {
        let removed = state.withLock { state -> [Entry] in
            let removed = Array(state.queue.filter { $0.custody === custody })
            guard !removed.isEmpty else { return [] }
            state.queue.removeAll { $0.custody === custody }
            state.queued -= removed.reduce(0) { $0 + $1.batch.count }
            return removed
        }
        for entry in removed { entry.grant.release(events: entry.batch.count, bytes: entry.bytes) }
        return removed.reduce(0) { $0 + $1.batch.count }
    }

    /// What is left, in the queue or with a sink that did not finish in time, is gone. Of that, only what was acknowledged
    /// is a loss: a batch whose sender still waits is answered as failed, and sent again.
    public func stop() async -> Int {
        let left = state.withLock { state -> [Entry] in
            state.isStopped = true
            defer {
                state.queue = []
                state.queued = 0
                state.out = [:]
                state.waiting = []
            }
            return Array(state.queue) + state.out.values.joined()
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
