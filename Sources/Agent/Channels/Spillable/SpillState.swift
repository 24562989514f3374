internal import Events
internal import Journal
internal import NIOCore

/// What is in a spillable channel: batches in memory, those on disk as numbers, and what is out. No I/O, no clock; called
/// under one lock.
struct SpillState {
    /// Part of a delivery that came from one side.
    enum Part {
        case memory([MemoryEntry])
        /// The disk's ticket for these events.
        case disk(UInt64, DiskOrder.Run)

        var count: Int {
            switch self {
            case .memory(let entries): entries.reduce(0) { $0 + $1.batch.count }
            case .disk(_, let run): run.count
            }
        }
    }

    let limits: SpillLimits
    private(set) var memory = MemoryQueue()
    private(set) var disk = DiskOrder()
    private var out: [UInt64: [Part]] = [:]
    private var nextTicket: UInt64 = 0
    private var nextPut: UInt64 = 0
    /// Of memory's part, in the queue or out.
    private(set) var memoryEvents = 0
    private var memoryBytes = 0
    /// Of them, those whose sender waits for their delivery.
    private(set) var awaitedEvents = 0
    /// New batches go to disk until enough of the memory is free again.
    private(set) var isSpilling = false
    /// Batches that are on their way to disk.
    private var spilling = 0
    private var waiting: [(waker: ChannelWaker, minimum: Int)] = []
    /// Those who found the first events not read back from disk yet.
    private var behindDisk: [ChannelWaker] = []
    private(set) var isStopped = false

    init(_ limits: SpillLimits) { self.limits = limits }

    // MARK: Putting

    enum Placement {
        case memory(wake: [ChannelWaker])
        /// To be stored; then `stored` or `notStored`.
        case disk
        case refused
    }

    mutating func put(_ batch: EventBatch, custody: Custody?, grant: RoomGrant) -> Placement {
        guard !isStopped else { return .refused }
        // As long as something is on its way to disk, nothing may pass it through memory.
        if isSpilling, spilling == 0, limits.events - memoryEvents >= limits.eventsToReturn { isSpilling = false }
        let fits = memoryEvents + batch.count <= limits.events && memoryBytes + grant.bytes <= limits.bytes
        guard fits, !isSpilling else {
            isSpilling = true
            spilling += 1
            return .disk
        }
        memory.append(MemoryEntry(batch, custody: custody, grant: grant, put: nextPut))
        nextPut += 1
        memoryEvents += batch.count
        memoryBytes += grant.bytes
        if custody != nil { awaitedEvents += batch.count }
        return .memory(wake: due())
    }

    /// A batch is on disk: its place is here.
    mutating func stored(_ count: Int) -> [ChannelWaker] {
        spilling -= 1
        found(count)
        return due()
    }

    mutating func notStored() { spilling -= 1 }

    /// Events that were on disk when the channel started.
    mutating func found(_ count: Int) {
        disk.append(put: nextPut, count: count)
        nextPut += 1
    }

    /// Events on disk are lost. Whoever waits for them looks again.
    mutating func lost(_ count: Int) -> [ChannelWaker] {
        disk.lose(count)
        return readBack()
    }

    // MARK: Taking

    struct Taken {
        var ticket: UInt64
        var parts: [Part]
        var batches: [EventBatch]
    }

    /// Takes from the front, over both sides.
    ///
    /// - Parameter read: takes up to so many events of so many bytes off the disk's own queue; `nil` where none is in its
    ///   memory yet, and then `readBack` is called once when some are.
    mutating func take(
        upTo limit: Int,
        bytes: Int,
        atLeast minimum: Int,
        waking waker: ChannelWaker,
        read: (_ limit: Int, _ bytes: Int) -> JournalTake<EventBatch>?
    ) -> Taken? {
        let minimum = max(minimum, 1)
        guard !isStopped, limit > 0, memory.count + disk.count >= minimum else {
            waiting.removeAll { $0.waker === waker }
            waiting.append((waker, minimum))
            return nil
        }
        var taken = Taken(ticket: nextTicket, parts: [], batches: [])
        var (room, byteRoom) = (limit, bytes)
        while room > 0, byteRoom > 0 {
            let batches: [EventBatch]
            if let run = disk.runs.first, run.first < memory.firstPut ?? .max {
                guard let part = read(min(room, run.count), byteRoom), let run = disk.take(part.count) else { break }
                taken.parts.append(.disk(part.ticket, run))
                batches = part.parts.map { $0.payload.slice($0.items) }
            } else {
                let entries = memory.take(upTo: room, bytes: byteRoom, before: disk.runs.first?.first ?? .max)
                guard !entries.isEmpty else { break }
                taken.parts.append(.memory(entries))
                batches = entries.map(\.batch)
            }
            taken.batches += batches
            for batch in batches {
                room -= batch.count
                byteRoom -= batch.bytes.readableBytes
            }
        }
        guard !taken.parts.isEmpty else {
            behindDisk.removeAll { $0 === waker }
            behindDisk.append(waker)
            return nil
        }
        nextTicket += 1
        out[taken.ticket] = taken.parts
        return taken
    }

    /// The disk's queue has read something: whom to wake.
    mutating func readBack() -> [ChannelWaker] {
        defer { behindDisk = [] }
        return behindDisk
    }

    /// What a ticket stands for; it is over with that.
    mutating func end(_ ticket: UInt64) -> [Part] { out.removeValue(forKey: ticket) ?? [] }

    /// Puts back what was not delivered. Returns entries of memory that nobody wants back, and whom to wake.
    mutating func giveBack(
        _ entries: [MemoryEntry],
        _ runs: [DiskOrder.Run]
    ) -> (dropped: [MemoryEntry], wake: [ChannelWaker]) {
        let dropped = memory.giveBack(entries)
        for run in runs { disk.giveBack(run) }
        left(dropped)
        return (dropped, due())
    }

    mutating func withdraw(_ custody: Custody) -> [MemoryEntry] {
        let removed = memory.withdraw(custody)
        left(removed)
        return removed
    }

    /// Entries have left the memory.
    mutating func left(_ entries: [MemoryEntry]) {
        for entry in entries {
            memoryEvents -= entry.batch.count
            memoryBytes -= entry.bytes
            if entry.custody != nil { awaitedEvents -= entry.batch.count }
        }
    }

    /// Ends all; what was in memory, in its order, with what sinks hold of it.
    mutating func stop() -> [MemoryEntry] {
        isStopped = true
        var entries = memory.removeAll()
        for case .memory(let held) in out.values.joined() { entries += held }
        out = [:]
        waiting = []
        behindDisk = []
        return entries.sorted { ($0.put, $0.first) < ($1.put, $1.first) }
    }

    /// Wakers whose number is reached; they are forgotten.
    private mutating func due() -> [ChannelWaker] {
        guard !waiting.isEmpty else { return [] }
        let here = memory.count + disk.count
        let due = waiting.filter { $0.minimum <= here }.map(\.waker)
        if !due.isEmpty { waiting.removeAll { $0.minimum <= here } }
        return due
    }
}

/// How much of a spillable channel may be in memory.
struct SpillLimits: Hashable, Sendable {
    var events: Int
    var bytes: Int
    /// Events that must be free in memory before it is used again.
    var eventsToReturn: Int
}
