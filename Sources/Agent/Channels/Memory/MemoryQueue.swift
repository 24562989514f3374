internal import DequeModule
internal import Events
internal import NIOCore

/// Events of one batch that lie together in memory, with what must be told when they leave.
struct MemoryEntry {
    var batch: EventBatch
    var custody: Custody?
    var grant: RoomGrant
    /// The part of the grant's bytes that goes with these events.
    var bytes: Int
    /// Place in the channel's order: which put, and which event of it.
    var put: UInt64
    var first: Int

    init(_ batch: EventBatch, custody: Custody?, grant: RoomGrant, put: UInt64) {
        self.batch = batch
        self.custody = custody
        self.grant = grant
        self.put = put
        bytes = grant.bytes
        first = 0
    }

    fileprivate func isBefore(_ other: MemoryEntry) -> Bool { (put, first) < (other.put, other.first) }

    /// Cuts off the first `count` events.
    fileprivate mutating func split(_ count: Int) -> MemoryEntry {
        var front = self
        front.batch = batch.slice(0..<count)
        front.bytes = bytes * count / batch.count
        batch = batch.slice(count..<batch.count)
        bytes -= front.bytes
        first += count
        return front
    }

    /// Cuts entries into what was delivered and what was not (`failed`: indices over all of them); the latter's events are
    /// copied, so that neither pins the other.
    static func part(
        _ entries: [MemoryEntry],
        failed: some Sequence<Int>
    ) -> (delivered: [MemoryEntry], returned: [MemoryEntry]) {
        var delivered: [MemoryEntry] = []
        var returned: [MemoryEntry] = []
        let failed = Set(failed)
        if failed.isEmpty { return (entries, []) }
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
}

/// Batches in memory in a channel's order, as they came; cut only where a take asks for fewer. Called under a lock.
struct MemoryQueue {
    private var entries: Deque<MemoryEntry> = []
    /// Events in the queue.
    private(set) var count = 0

    /// Place of the first one; `nil` where there is none.
    var firstPut: UInt64? { entries.first?.put }

    mutating func append(_ entry: MemoryEntry) {
        entries.append(entry)
        count += entry.batch.count
    }

    /// Takes up to `limit` events of up to `bytes` bytes (one event at least, whatever it has) from the front, of puts before
    /// `end`. They count as held by a sink.
    mutating func take(upTo limit: Int, bytes: Int, before end: UInt64 = .max) -> [MemoryEntry] {
        var taken: [MemoryEntry] = []
        var (room, byteRoom) = (limit, bytes)
        while room > 0, entries.first.map({ $0.put < end }) == true, var entry = entries.popFirst() {
            let fits = min(room, entry.batch.count(within: byteRoom))
            if !taken.isEmpty, entry.batch.slice(0..<fits).bytes.readableBytes > byteRoom {
                entries.prepend(entry)
                break
            }
            if entry.batch.count > fits {
                taken.append(entry.split(fits))
                entries.prepend(entry)
                break
            }
            room -= entry.batch.count
            byteRoom -= entry.batch.bytes.readableBytes
            taken.append(entry)
        }
        count -= taken.reduce(0) { $0 + $1.batch.count }
        // Under the lock, so that a withdrawal sees these events either in the queue or held.
        for entry in taken { entry.custody?.taken(entry.batch.count) }
        return taken
    }

    /// Puts entries back where they were in the order, but for those that nobody waits for any more: these are returned.
    mutating func giveBack(_ returned: [MemoryEntry]) -> [MemoryEntry] {
        var dropped: [MemoryEntry] = []
        for entry in returned.reversed() {
            guard entry.custody?.givenBack(entry.batch.count) ?? true else {
                dropped.append(entry)
                continue
            }
            let at = entries.firstIndex { entry.isBefore($0) } ?? entries.endIndex
            entries.insert(entry, at: at)
            count += entry.batch.count
        }
        return dropped
    }

    /// Takes out what belongs to a batch whose sender no longer waits.
    mutating func withdraw(_ custody: Custody) -> [MemoryEntry] {
        let removed = entries.filter { $0.custody === custody }
        guard !removed.isEmpty else { return [] }
        entries.removeAll { $0.custody === custody }
        count -= removed.reduce(0) { $0 + $1.batch.count }
        return Array(removed)
    }

    mutating func removeAll() -> [MemoryEntry] {
        defer {
            entries = []
            count = 0
        }
        return entries.isEmpty ? [] : Array(entries)
    }
}
