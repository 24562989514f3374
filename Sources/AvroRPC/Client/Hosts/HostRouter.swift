internal import DequeModule
internal import NIOCore

/// Decides which host of a client gets which call, when connections are made, and when a call is given up.
///
/// No I/O and no clock. `next` is asked until it says `idle`; what its actions brought is told to it in between. Calls are
/// known by number, hosts by their place in the client's list; calls that wait are kept in the order of their numbers.
struct HostRouter {
    enum Action: Hashable {
        /// Make a connection; then `opened` or `connectFailed`.
        case connect(Int)
        /// Give a call to a host; then `succeeded` or `failed`.
        case send(UInt64, to: Int)
        /// Let a host's calls be answered and close its connection.
        case leave(Int)
        /// A call that no host took.
        case fail(UInt64, RPCError)
        /// Nothing to do before the next input.
        case idle
    }

    /// How the way to a host stands, for one call.
    enum Standing: Hashable {
        case closed
        case connecting
        case room
        case full
    }

    struct Call {
        let number: UInt64
        /// The host that had the call's predecessor in one `appendBatch`.
        var preferred: Int?
        /// Load balance: hosts that it was given to, or that could not be reached while it waited.
        var tried: Set<Int> = []
        var attempts = 0
        var lastError: RPCError?
        /// The host that has it.
        var host: Int?
    }

    let kind: RPCClientKind
    let count: Int
    var waiting: Deque<Call> = []
    private var sent: Deque<Call> = []
    private var due: Deque<Action> = []
    /// Somebody wants a connection though no call waits.
    private(set) var wantsConnection = false
    /// Failover: the host in use, and connections left to try before nobody can be reached.
    private var current: Int?
    private var last: Int
    private var left = 0
    /// Load balance.
    var choice: any PeerChoice
    var health: [PeerHealth]
    /// Hosts that could not be reached since somebody began to want a connection.
    private(set) var unreachable: Set<Int> = []
    /// Until when a host that could not be reached is let alone while others can.
    private(set) var retryAt: [NIODeadline]

    /// Between tries of a host that is away, beside others that are not.
    static let retryPause = TimeAmount.milliseconds(500)

    /// - Parameter count: hosts; at least 1.
    init(kind: RPCClientKind, count: Int) {
        self.kind = kind
        self.count = count
        last = count - 1
        var backoff = Backoff(base: .seconds(1), maximum: .seconds(30))
        choice = RoundRobinChoice()
        if case .loadBalance(let order, let given) = kind {
            choice = order.choice
            backoff = given ?? backoff
        }
        retryAt = Array(repeating: .distantPast, count: count)
        health = Array(repeating: PeerHealth(backoff: backoff), count: count)
    }

    var isWaiting: Bool { !waiting.isEmpty }

    /// A new call; `preferring` the host that had its predecessor.
    mutating func submit(_ number: UInt64, preferring host: Int? = nil) {
        waiting.append(Call(number: number, preferred: host))
    }

    /// A connection is wanted before there is a call.
    ///
    /// - Parameter isFresh: nothing stands and nothing is being made: all hosts are to be tried.
    mutating func prepare(isFresh: Bool) {
        wantsConnection = true
        if isFresh { unreachable = [] }
    }

    var isBalancing: Bool {
        if case .loadBalance = kind { return true }
        return false
    }

    /// The host that a call would get now, without a connection being made.
    func host(now: NIODeadline, _ standing: (Int) -> Standing) -> Int? {
        guard waiting.isEmpty else { return nil }
        switch kind {
        case .single: return standing(0) == .room ? 0 : nil
        case .failover: return current.flatMap { standing($0) == .room ? $0 : nil }
        case .loadBalance:
            var after = self
            after.wakeHosts(now: now)
            return after.chooseOpen(Call(number: .max), now: now, standing)
        }
    }

    mutating func next(now: NIODeadline, _ standing: (Int, UInt64?) -> Standing) -> Action {
        if let action = due.popFirst() { return action }
        guard isWaiting || wantsConnection else { return .idle }
        switch kind {
        case .single: return advance(over: 0, standing)
        case .failover:
            if current == nil {
                if left == 0 { left = count }
                current = (last + 1) % count
            }
            return advance(over: current ?? 0, standing)
        case .loadBalance: return balance(now: now, standing)
        }
    }

    /// One host for all calls.
    private mutating func advance(over host: Int, _ standing: (Int, UInt64?) -> Standing) -> Action {
        switch standing(host, waiting.first?.number) {
        case .closed: return .connect(host)
        case .connecting, .full: return .idle
        case .room:
            guard let call = waiting.popFirst() else { return .idle }
            return give(call, to: host)
        }
    }

    mutating func give(_ call: Call, to host: Int) -> Action {
        var call = call
        call.host = host
        call.attempts += 1
        if isBalancing { call.tried.insert(host) }
        sent.append(call)
        return .send(call.number, to: host)
    }

    /// A connection stands.
    mutating func opened(_ host: Int) {
        wantsConnection = false
        left = 0
        unreachable.remove(host)
    }

    /// No connection could be made. Returns whether that was the last host to try: nobody can be reached.
    mutating func connectFailed(_ host: Int, _ error: RPCError, now: NIODeadline) -> Bool {
        switch kind {
        case .single:
            giveUpAll { _ in error }
        case .failover:
            guard host == current else { return false }
            current = nil
            last = host
            left -= 1
            guard left <= 0 else { return false }
            left = 0
            // As Flume: the next round begins with the first.
            last = count - 1
            giveUpAll { _ in RPCError(.noHost, "No clients currently active. \(error.message)") }
        case .loadBalance:
            unreachable.insert(host)
            retryAt[host] = now + Self.retryPause
            _ = health[host].wentAway(now: now)
            for index in waiting.indices {
                waiting[index].tried.insert(host)
                waiting[index].lastError = error
            }
            // Calls that have tried all are found by `next`.
            guard unreachable.count == count else { return false }
            unreachable = []
        }
        wantsConnection = false
        return true
    }

    private mutating func giveUpAll(_ error: (Call) -> RPCError) {
        while let call = waiting.popFirst() { due.append(.fail(call.number, error(call))) }
    }

    /// The client ends: the next call that waits, as failed; `idle` when there is none.
    mutating func giveUp() -> Action {
        while let action = due.popFirst() { if case .fail = action { return action } }
        guard let call = waiting.popFirst() else { return .idle }
        return .fail(call.number, call.lastError ?? RPCError(.clientClosed, "the client is closed"))
    }

    /// A connection ended; its calls have failed before.
    mutating func closed(_ host: Int) {
        guard host == current else { return }
        current = nil
        last = host
    }

    /// A host took a call; which.
    mutating func succeeded(_ number: UInt64) -> Int {
        guard let index = sent.firstIndex(where: { $0.number == number }) else { return 0 }
        let host = sent.remove(at: index).host ?? 0
        _ = health[host].succeeded(number)
        return host
    }

    /// A host did not take a call.
    ///
    /// - Parameter mayRetry: whether another host may still have it.
    mutating func failed(_ number: UInt64, _ error: RPCError, now: NIODeadline, mayRetry: Bool) {
        guard let index = sent.firstIndex(where: { $0.number == number }) else { return }
        var call = sent.remove(at: index)
        guard let host = call.host else { return }
        call.host = nil
        call.lastError = error
        switch kind {
        case .single:
            due.append(.fail(number, error))
        case .failover(let attempts):
            if host == current {
                current = nil
                last = host
                due.append(.leave(host))
            }
            if call.attempts < attempts, mayRetry {
                waitAgain(call)
            } else {
                due.append(.fail(number, RPCError(error.code, "Failed to send the event! \(error.message)")))
            }
        case .loadBalance:
            _ = health[host].failed(number, now: now)
            if mayRetry { waitAgain(call) } else { due.append(.fail(number, nobody(call))) }
        }
    }

    private mutating func waitAgain(_ call: Call) {
        let at = waiting.firstIndex { $0.number > call.number } ?? waiting.endIndex
        waiting.insert(call, at: at)
    }

    /// Nobody waits for a call any more.
    mutating func cancel(_ number: UInt64) {
        waiting.removeAll { $0.number == number }
        sent.removeAll { $0.number == number }
    }
}
