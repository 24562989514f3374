internal import DequeModule
internal import Synchronization

/// The agent's one gate to its channels: grants room in all channels that a batch needs, or in none.
///
/// Whoever frees room tells those in line, one after the other, outside the lock. Until one has been told, nobody who
/// shares a channel with it is granted anything at once: what it puts comes first.
public final class Admission: Sendable {
    private struct Waiter {
        var needs: [AdmissionMachine.Need]
        var granted: @Sendable ([RoomGrant]) -> Void

        func shares(_ others: [AdmissionMachine.Need]) -> Bool {
            needs.contains { mine in others.contains { $0.room == mine.room } }
        }
    }

    private struct State {
        var machine = AdmissionMachine()
        var nextID: AdmissionMachine.WaiterID = 0
        var waiters: [AdmissionMachine.WaiterID: Waiter] = [:]
        /// Those who have got room and are being told, in order; the first one is told just now.
        var served: Deque<Waiter> = []

        /// Queues those whom the machine served; returns whether the caller has to tell them.
        mutating func serve(_ ids: [AdmissionMachine.WaiterID]) -> Bool {
            guard !ids.isEmpty else { return false }
            let isTold = !served.isEmpty
            for id in ids {
                if let waiter = waiters.removeValue(forKey: id) { served.append(waiter) }
            }
            return !isTold && !served.isEmpty
        }
    }

    private let state = Mutex(State())

    public init() {}

    /// Room for a new channel, of so many events and bytes.
    public func makeRoom(capacity: Int, byteCapacity: Int) -> ChannelRoom {
        let index = state.withLock { $0.machine.addRoom(capacity: capacity, byteCapacity: byteCapacity) }
        return ChannelRoom(admission: self, index: index, capacity: capacity)
    }

    /// A place in line, to be left when waiting has taken too long.
    struct Ticket: Hashable {
        fileprivate let id: AdmissionMachine.WaiterID
    }

    enum Answer {
        case granted([RoomGrant])
        /// In line: `granted` will be called, on any thread, unless `leave` says that the line was left in time.
        case waiting(Ticket)
    }

    /// Asks for room for `events` of `bytes` in every one of `rooms`.
    func request(
        events: Int,
        bytes: Int,
        in rooms: [ChannelRoom],
        granted: @escaping @Sendable ([RoomGrant]) -> Void
    ) -> Answer {
        let needs = rooms.map { AdmissionMachine.Need(room: $0.index, events: events, bytes: bytes) }
        return state.withLock { state in
            let id = state.nextID
            state.nextID += 1
            let waiter = Waiter(needs: needs, granted: granted)
            if state.machine.request(id, needs) {
                guard state.served.contains(where: { $0.shares(needs) }) else { return .granted(grants(needs)) }
                state.served.append(waiter)
            } else {
                state.waiters[id] = waiter
            }
            return .waiting(Ticket(id: id))
        }
    }

    /// Whether a batch is larger than some channel can ever hold beside others.
    func isOversized(events: Int, bytes: Int, in rooms: [ChannelRoom]) -> Bool {
        state.withLock { state in
            rooms.contains { state.machine.isOversized(.init(room: $0.index, events: events, bytes: bytes)) }
        }
    }

    /// Leaves the line. `false`: room had been granted already.
    func leave(_ ticket: Ticket) -> Bool {
        let (left, mustTell) = state.withLock { state in
            let (left, served) = state.machine.leave(ticket.id)
            if left { state.waiters[ticket.id] = nil }
            return (left, state.serve(served))
        }
        if mustTell { tellServed() }
        return left
    }

    fileprivate func occupy(_ need: AdmissionMachine.Need) {
        state.withLock { $0.machine.occupy(need) }
    }

    fileprivate func release(_ need: AdmissionMachine.Need) {
        if state.withLock({ $0.serve($0.machine.release(need)) }) { tellServed() }
    }

    fileprivate func events(in room: Int) -> Int {
        state.withLock { $0.machine.events(in: room) }
    }

    /// Tells all who are served, those included who get room meanwhile. One thread at a time is here.
    private func tellServed() {
        var next = state.withLock { $0.served.first }
        while let waiter = next {
            waiter.granted(grants(waiter.needs))
            next = state.withLock { state in
                state.served.removeFirst()
                return state.served.first
            }
        }
    }

    private func grants(_ needs: [AdmissionMachine.Need]) -> [RoomGrant] {
        needs.map { RoomGrant(admission: self, need: $0) }
    }

    /// For `RoomGrant`.
    fileprivate func giveBack(_ room: Int, events: Int, bytes: Int) {
        release(.init(room: room, events: events, bytes: bytes))
    }
}

/// A channel's share in the agent's admission.
public final class ChannelRoom: Sendable {
    private let admission: Admission
    let index: Int
    /// Events that the channel holds at most.
    public let capacity: Int

    fileprivate init(admission: Admission, index: Int, capacity: Int) {
        self.admission = admission
        self.index = index
        self.capacity = capacity
    }

    /// Events that have a place, in the queue or with a sink.
    public var events: Int { admission.events(in: index) }

    /// Takes room whether it is there or not: for what a channel holds when it starts.
    public func occupy(events: Int) { admission.occupy(.init(room: index, events: events, bytes: 0)) }

    /// Gives room for events back, whichever grants it came from.
    public func release(events: Int) { admission.giveBack(index, events: events, bytes: 0) }
}

/// Room that was granted for one batch in one channel; given back piece by piece as its events leave.
public struct RoomGrant: Sendable {
    private let admission: Admission?
    private let need: AdmissionMachine.Need

    fileprivate init(admission: Admission, need: AdmissionMachine.Need) {
        self.admission = admission
        self.need = need
    }

    /// A grant for channels that count no room.
    public init() {
        admission = nil
        need = .init(room: 0, events: 0, bytes: 0)
    }

    /// Bytes granted.
    public var bytes: Int { need.bytes }
    /// Events granted.
    public var events: Int { need.events }

    /// Gives part of it back.
    public func release(events: Int, bytes: Int) {
        admission?.giveBack(need.room, events: events, bytes: bytes)
    }
}
