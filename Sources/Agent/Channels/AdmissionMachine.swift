internal import DequeModule

/// Who gets room in which channels, in order of arrival: all that a batch needs or nothing.
///
/// No I/O, no clock, no lock: `Admission` holds it. Waiters that share no channel do not hold each other up.
struct AdmissionMachine {
    typealias WaiterID = UInt64

    /// Room needed in one channel.
    struct Need: Hashable {
        var room: Int
        var events: Int
        var bytes: Int
    }

    private struct Room {
        var capacity: Int
        var byteCapacity: Int
        var events = 0
        var bytes = 0

        /// A batch larger than the whole channel is admitted alone, when the channel is empty.
        func fits(_ need: Need) -> Bool {
            if events == 0 && bytes == 0 { return true }
            return events + need.events <= capacity && bytes + need.bytes <= byteCapacity
        }
    }

    private struct Waiter {
        var id: WaiterID
        var needs: [Need]
    }

    private var rooms: [Room] = []
    private var waiters: Deque<Waiter> = []

    /// A new channel of `capacity` events and `byteCapacity` bytes; its index.
    mutating func addRoom(capacity: Int, byteCapacity: Int) -> Int {
        rooms.append(Room(capacity: capacity, byteCapacity: byteCapacity))
        return rooms.count - 1
    }

    /// Events that have a place in a channel.
    func events(in room: Int) -> Int { rooms[room].events }

    /// Whether a batch is larger than a channel can ever hold beside others.
    func isOversized(_ need: Need) -> Bool {
        need.events > rooms[need.room].capacity || need.bytes > rooms[need.room].byteCapacity
    }

    /// Grants the needs at once, or puts the caller in line. `id` is the caller's own, never used twice.
    mutating func request(_ id: WaiterID, _ needs: [Need]) -> Bool {
        let sharesLine = waiters.contains { waiter in
            waiter.needs.contains { mine in needs.contains { $0.room == mine.room } }
        }
        if !sharesLine && needs.allSatisfy({ rooms[$0.room].fits($0) }) {
            grant(needs)
            return true
        }
        waiters.append(Waiter(id: id, needs: needs))
        return false
    }

    /// Takes room whether it is there or not.
    mutating func occupy(_ need: Need) { grant([need]) }

    /// Gives room back; returns who in line has got theirs by it.
    mutating func release(_ need: Need) -> [WaiterID] {
        rooms[need.room].events -= need.events
        rooms[need.room].bytes -= need.bytes
        return waiters.isEmpty ? [] : serve()
    }

    /// Takes a waiter out of the line; returns whether it was in it, and who has got room by its leaving.
    mutating func leave(_ id: WaiterID) -> (left: Bool, served: [WaiterID]) {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return (false, []) }
        waiters.remove(at: index)
        return (true, serve())
    }

    private mutating func serve() -> [WaiterID] {
        var blocked: Set<Int> = []
        var served: [WaiterID] = []
        var index = 0
        while index < waiters.count, blocked.count < rooms.count {
            let waiter = waiters[index]
            if waiter.needs.allSatisfy({ !blocked.contains($0.room) && rooms[$0.room].fits($0) }) {
                grant(waiter.needs)
                served.append(waiter.id)
                waiters.remove(at: index)
            } else {
                blocked.formUnion(waiter.needs.map(\.room))
                index += 1
            }
        }
        return served
    }

    private mutating func grant(_ needs: [Need]) {
        for need in needs {
            rooms[need.room].events += need.events
            rooms[need.room].bytes += need.bytes
        }
    }
}
