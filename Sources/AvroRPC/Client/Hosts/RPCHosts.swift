package import Events
package import NIOCore
package import Secure

/// What a client's hosts tell their owner, always on their event loop.
package enum RPCHostsEvent: Sendable {
    /// A call has its outcome: the place of the host that took it.
    case settled(UInt64, Result<Int, RPCError>)
    /// There may be room where there was none.
    case ready
    /// A connection stands.
    case opened(RPCEndpoint, PeerDescription?)
    /// A connection could not be made, or not be replaced by a newer one.
    case connectFailed(RPCEndpoint, RPCError)
    /// A connection ended that nobody had left.
    case closed(RPCEndpoint, RPCError)
    /// A connection that was left has closed.
    case retired(RPCEndpoint)
    case pong(RPCEndpoint)
    /// An answer to no open call was passed over; told once a connection.
    case stray(RPCEndpoint, serial: Int32)
    /// None of the hosts can be reached.
    case unreachable(RPCError)
}

/// The hosts of one client with a link to each: calls go where the client's kind sends them, and on to others where a host
/// fails. Lives on its event loop.
package final class RPCHosts {
    private struct Held {
        var batch: EventBatch
        var deadline: NIODeadline?
    }

    private let eventLoop: any EventLoop
    private let events: (RPCHostsEvent) -> Void
    private var router: HostRouter
    private var links: [RPCLink] = []
    private var held: [UInt64: Held] = [:]
    private var isPumping = false
    private var needsPump = false
    private var isEnding = false
    private var look: Scheduled<Void>?

    /// - Parameters:
    ///   - plan: its hosts; at least one.
    ///   - tls: asked at each connect; `nil` for plain text.
    package init(
        _ plan: RPCClientPlan,
        tls: @escaping @Sendable () -> TLSContext?,
        addresses: AddressBook = .shared,
        on eventLoop: any EventLoop,
        events: @escaping (RPCHostsEvent) -> Void
    ) {
        self.eventLoop = eventLoop
        self.events = events
        router = HostRouter(kind: plan.kind, count: plan.hosts.count)
        for (index, endpoint) in plan.hosts.enumerated() {
            let hosts = NIOLoopBound(WeakHosts(self), eventLoop: eventLoop)
            links.append(
                RPCLink(
                    endpoint: endpoint,
                    settings: plan.settings,
                    life: plan.life,
                    tls: tls,
                    addresses: addresses,
                    on: eventLoop,
                    events: { hosts.value.hosts?.handle($0, from: index) }
                )
            )
        }
    }

    /// The links hold their owner weakly: it holds them.
    private struct WeakHosts {
        weak var hosts: RPCHosts?
        init(_ hosts: RPCHosts) { self.hosts = hosts }
    }

    /// Calls that are sent and not answered.
    package var inFlight: Int { links.reduce(0) { $0 + $1.inFlight } }
    /// Whether any connection stands.
    package var isOpen: Bool { links.contains { $0.state == .open } }
    /// Hosts that a connection is being made to.
    package var connecting: [RPCEndpoint] { links.filter { $0.state == .connecting }.map(\.endpoint) }

    /// Whether a batch would be sent at once.
    package func hasRoom(for batch: EventBatch) -> Bool {
        guard !isEnding else { return false }
        return router.host(now: eventLoop.now) { host in
            links[host].hasRoom(for: batch) ? .room : links[host].state == .open ? .full : .closed
        } != nil
    }

    /// Makes a connection where none stands and none is being made; a balancing client sees to all its hosts.
    package func prepare() {
        guard !isEnding else { return }
        let isFresh = links.allSatisfy { $0.state == .closed }
        guard isFresh || router.isBalancing else { return }
        router.prepare(isFresh: isFresh)
        pump()
        if router.isBalancing { lookAgain() }
    }

    /// Tells before long that there may be room: hosts come back by time alone.
    private func lookAgain() {
        guard look == nil else { return }
        let hosts = NIOLoopBound(WeakHosts(self), eventLoop: eventLoop)
        look = eventLoop.scheduleTask(in: HostRouter.retryPause) {
            guard let hosts = hosts.value.hosts else { return }
            hosts.look = nil
            if !hosts.isEnding { hosts.events(.ready) }
        }
    }

    /// Sends a batch, or keeps it until a host has room; the outcome is `settled`.
    ///
    /// - Parameter host: the host that served the calls before it, where they belong together.
    package func submit(_ batch: EventBatch, number: UInt64, deadline: NIODeadline?, preferring host: Int? = nil) {
        guard !isEnding else {
            events(.settled(number, .failure(RPCError(.clientClosed, "the client is closed"))))
            return
        }
        held[number] = Held(batch: batch, deadline: deadline)
        router.submit(number, preferring: host)
        pump()
    }

    /// The outcome of a call is of no interest any more.
    package func cancel(_ number: UInt64) {
        held[number] = nil
        router.cancel(number)
    }

    /// Asks the first host with a connection whether it is there; returns whether there was one.
    package func ping() -> Bool {
        guard let link = links.first(where: { $0.state == .open }) else { return false }
        link.ping()
        return true
    }

    /// Takes nothing more; calls that are sent are answered until `deadline`, then all connections close.
    package func end(deadline: NIODeadline) -> EventLoopFuture<Void> {
        isEnding = true
        look?.cancel()
        while case .fail(let number, _) = router.giveUp() {
            held[number] = nil
            events(.settled(number, .failure(RPCError(.clientClosed, "the client is closed"))))
        }
        return EventLoopFuture.andAllSucceed(links.map { $0.end(deadline: deadline) }, on: eventLoop)
    }

    private func pump() {
        guard !isPumping else {
            needsPump = true
            return
        }
        isPumping = true
        defer { isPumping = false }
        repeat {
            needsPump = false
            while !isEnding, perform(router.next(now: eventLoop.now, standing)) {}
        } while needsPump && !isEnding
    }

    private func standing(_ host: Int, _ number: UInt64?) -> HostRouter.Standing {
        switch links[host].state {
        case .closed: .closed
        case .connecting: .connecting
        case .open: number.flatMap { held[$0] }.map { links[host].hasRoom(for: $0.batch) } ?? true ? .room : .full
        }
    }

    /// Does what the router says; `false` when there is nothing.
    private func perform(_ action: HostRouter.Action) -> Bool {
        switch action {
        case .idle: return false
        case .connect(let host): links[host].connect()
        case .leave(let host): links[host].retire()
        case .send(let number, let host):
            guard let call = held[number] else { return true }
            links[host].send(call.batch, number: number, deadline: call.deadline)
        case .fail(let number, let error):
            held[number] = nil
            events(.settled(number, .failure(error)))
        }
        return true
    }

    private func handle(_ event: RPCLinkEvent, from host: Int) {
        let endpoint = links[host].endpoint
        var givesRoom = false
        switch event {
        case .opened(let peer):
            router.opened(host)
            events(.opened(endpoint, peer))
            givesRoom = true
        case .renewed(let peer):
            events(.opened(endpoint, peer))
        case .failed(let error):
            let isLast = router.connectFailed(host, error, now: eventLoop.now)
            events(.connectFailed(endpoint, error))
            pump()
            if isLast { events(.unreachable(error)) }
        case .notRenewed(let error):
            events(.connectFailed(endpoint, error))
        case .settled(let number, .success):
            let host = router.succeeded(number)
            if held.removeValue(forKey: number) != nil { events(.settled(number, .success(host))) }
            givesRoom = true
        case .settled(let number, .failure(let error)):
            let now = eventLoop.now
            let isLate = held[number]?.deadline.map { $0 <= now } ?? false
            router.failed(number, error, now: now, mayRetry: !isLate && !isEnding)
            if isEnding { while perform(router.giveUp()) {} }
            givesRoom = true
        case .pong:
            events(.pong(endpoint))
        case .stray(let serial):
            events(.stray(endpoint, serial: serial))
        case .closed(let error):
            router.closed(host)
            events(.closed(endpoint, error))
        case .retired:
            events(.retired(endpoint))
            givesRoom = true
        }
        pump()
        if givesRoom { events(.ready) }
    }
}
