internal import Synchronization

/// The agent's one gate to its channels: grants room in all channels that a batch needs, or in none.
public final class Admission: Sendable {
    private struct State {
        var machine = AdmissionMachine()
        var nextID: AdmissionMachine.WaiterID = 0
        var continuations: [AdmissionMachine.WaiterID: @Sendable ([RoomGrant]) -> Void] = [:]
        var needs: [AdmissionMachine.WaiterID: [AdmissionMachine.Need]] = [:]
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
            if state.machine.request(id, needs) { return .granted(grants(needs)) }
            state.continuations[id] = granted
            state.needs[id] = needs
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
        let (left, served) = state.withLock { state in
            let (left, served) = state.machine.leave(ticket.id)
            if left {
                state.continuations[ticket.id] = nil
                state.needs[ticket.id] = nil
            }
            return (left, collect(served, &state))
        }
        run(served)
        return left
    }

    fileprivate func release(_ need: AdmissionMachine.Need) {
        let served = state.withLock { state in
            let served = state.machine.release(need)
            return served.isEmpty ? [] : collect(served, &state)
        }
        run(served)
    }

    fileprivate func events(in room: Int) -> Int {
        state.withLock { $0.machine.events(in: room) }
    }

    private typealias Served = (@Sendable ([RoomGrant]) -> Void, [RoomGrant])

    private func collect(_ served: [AdmissionMachine.WaiterID], _ state: inout State) -> [Served] {
        served.compactMap { id in
            guard let continuation = state.continuations.removeValue(forKey: id) else { return nil }
            return (continuation, grants(state.needs.removeValue(forKey: id) ?? []))
        }
    }

    private func run(_ served: [Served]) {
        for (granted, grants) in served { granted(grants) }
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
