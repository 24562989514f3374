package import Events
package import NIOCore
package import Secure

/// What a link tells its owner, always on its event loop.
package enum RPCLinkEvent: Sendable {
    /// A connection stands where there was none.
    case opened(PeerDescription?)
    /// A newer connection took the place of one that had reached its age.
    case renewed(PeerDescription?)
    /// No connection could be made; none stands.
    case failed(RPCError)
    /// A newer connection could not be made; the one that stands is kept.
    case notRenewed(RPCError)
    /// A call has its outcome.
    case settled(UInt64, Result<Void, RPCError>)
    /// An answer to `ping`.
    case pong
    /// An answer to no open call was passed over; told once a connection.
    case stray(serial: Int32)
    /// The connection ended; its calls have been settled before.
    case closed(RPCError)
    /// A connection that had been left or replaced has answered its calls and is closed: there may be room again.
    case retired
}

/// The way to one host: at most one connection for new calls, made when asked, replaced when it has reached its age.
///
/// A connection that is left (`retire`) or replaced answers the calls that it has and then closes. Until it has, nothing is
/// sent over its successor: calls keep their order. Lives on its event loop.
package final class RPCLink {
    package enum State: Hashable, Sendable {
        case closed
        case connecting
        case open
    }

    private struct Connection {
        var generation: Int
        var handler: RPCClientHandler
    }

    /// When a newer connection could not be made, the next try comes after this, or sooner where the life is shorter.
    private static let renewalPause = TimeAmount.seconds(30)

    package let endpoint: RPCEndpoint
    private let settings: RPCClientSettings
    private let life: ConnectionLife
    private let tls: @Sendable () -> TLSContext?
    private let addresses: AddressBook
    private let eventLoop: any EventLoop
    private let events: (RPCLinkEvent) -> Void
    private var current: Connection?
    private var retiring: [Connection] = []
    /// The connection that is being made.
    private var pending: Int?
    private var generation = 0
    private var renewal: Scheduled<Void>?
    private var isEnding = false
    private var ended: EventLoopPromise<Void>?

    /// - Parameter tls: asked at each connect, so that rotated certificates are heeded; `nil` for plain text.
    package init(
        endpoint: RPCEndpoint,
        settings: RPCClientSettings,
        life: ConnectionLife,
        tls: @escaping @Sendable () -> TLSContext?,
        addresses: AddressBook,
        on eventLoop: any EventLoop,
        events: @escaping (RPCLinkEvent) -> Void
    ) {
        self.endpoint = endpoint
        self.settings = settings
        self.life = life
        self.tls = tls
        self.addresses = addresses
        self.eventLoop = eventLoop
        self.events = events
    }

    package var state: State { current != nil ? .open : pending != nil ? .connecting : .closed }
    /// What the peer said of itself.
    package var peer: PeerDescription? { current?.handler.peer }
    /// Calls without an answer.
    package var inFlight: Int { retiring.reduce(current?.handler.inFlight ?? 0) { $0 + $1.handler.inFlight } }

    /// Whether a batch may be sent now.
    package func hasRoom(for batch: EventBatch) -> Bool {
        guard retiring.isEmpty, let current else { return false }
        return current.handler.hasRoom(for: batch)
    }

    /// Sends a batch; only where `hasRoom`.
    package func send(_ batch: EventBatch, number: UInt64, deadline: NIODeadline?) {
        current?.handler.send(batch, number: number, deadline: deadline)
    }

    /// Asks whether the host is there; the answer is `pong` or the connection's end.
    package func ping() { current?.handler.ping() }

    /// Makes a connection where none stands and none is being made.
    package func connect() {
        guard state == .closed, !isEnding else { return }
        open()
    }

    /// Leaves the connection: its calls are answered, then it closes.
    package func retire() {
        renewal?.cancel()
        renewal = nil
        guard let left = current else { return }
        current = nil
        retiring.append(left)
        left.handler.closeWhenIdle()
    }

    /// Leaves the connection and makes no other; the future succeeds when all are closed, at `deadline` at the latest.
    package func end(deadline: NIODeadline) -> EventLoopFuture<Void> {
        isEnding = true
        retire()
        let promise = eventLoop.makePromise(of: Void.self)
        ended = promise
        let left = NIOLoopBound(retiring.map(\.handler), eventLoop: eventLoop)
        let cut = eventLoop.scheduleTask(deadline: deadline) {
            for handler in left.value { handler.close() }
        }
        promise.futureResult.whenComplete { _ in cut.cancel() }
        finishIfEnded()
        return promise.futureResult
    }

    private func finishIfEnded() {
        guard isEnding, current == nil, retiring.isEmpty else { return }
        ended?.succeed()
        ended = nil
    }

    private func open() {
        generation += 1
        let number = generation
        pending = number
        let link = NIOLoopBound(self, eventLoop: eventLoop)
        RPCClientConnection.connect(
            host: endpoint.host,
            port: endpoint.port,
            tls: tls(),
            settings: settings,
            addresses: addresses,
            on: eventLoop,
            events: { link.value.handle($0, of: number) }
        ).whenComplete { link.value.connected($0, number) }
    }

    private func connected(_ result: Result<NIOLoopBound<RPCClientHandler>, any Error>, _ number: Int) {
        pending = nil
        switch result {
        case .success(let handler) where isEnding:
            handler.value.close()
        case .success(let handler):
            let isRenewal = current != nil
            if isRenewal { retire() }
            current = Connection(generation: number, handler: handler.value)
            var generator = SystemRandomNumberGenerator()
            if let time = life.draw(using: &generator) { renew(in: time) }
            events(isRenewal ? .renewed(handler.value.peer) : .opened(handler.value.peer))
        case .failure(let error):
            let error = error as? RPCError ?? RPCError(.cannotConnect, "\(endpoint): \(SystemReason.of(error))")
            guard current != nil else {
                if !isEnding { events(.failed(error)) }
                return
            }
            renew(in: min(Self.renewalPause, life.reset ?? life.greatestAge ?? Self.renewalPause))
            events(.notRenewed(error))
        }
    }

    /// A newer connection after `time`; the one that stands is used until then.
    private func renew(in time: TimeAmount) {
        let link = NIOLoopBound(self, eventLoop: eventLoop)
        renewal = eventLoop.scheduleTask(in: time) {
            let link = link.value
            if link.current != nil, link.pending == nil, !link.isEnding { link.open() }
        }
    }

    private func handle(_ event: RPCClientEvent, of number: Int) {
        switch event {
        case .settled(let call, let result): events(.settled(call, result))
        case .pong: events(.pong)
        case .stray(let serial): events(.stray(serial: serial))
        case .closed(let error) where current?.generation == number:
            renewal?.cancel()
            renewal = nil
            current = nil
            events(.closed(error))
            finishIfEnded()
        case .closed:
            retiring.removeAll { $0.generation == number }
            events(.retired)
            finishIfEnded()
        }
    }
}
