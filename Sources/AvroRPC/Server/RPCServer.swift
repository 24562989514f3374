internal import Logging
package import NIOCore
internal import NIOPosix
internal import Secure
internal import Synchronization

/// Listens for Flume's Avro RPC and serves every connection on its event loop.
package final class RPCServer: Sendable {
    private struct State {
        var listener: (any Channel)?
        var connections: [ObjectIdentifier: Connection] = [:]
        var counts: ConnectionCounts
    }

    private struct Connection: Sendable {
        let channel: any Channel
        let handler: NIOLoopBound<RPCServerHandler>
    }

    private let service: any RPCService
    private let layers: ServerLayers
    private let limits: RPCLimits
    private let filter: AddressFilter?
    private let remembered = ProtocolMemory()
    private let held = HeldBytes()
    private let group: any EventLoopGroup
    private let state: Mutex<State>

    /// - Parameter rules: who may connect; `nil`: everybody.
    package convenience init(
        service: any RPCService,
        layers: ServerLayers,
        limits: RPCLimits,
        rules: AddressRules? = nil,
        group: any EventLoopGroup
    ) {
        let filter = rules.map { AddressFilter($0) }
        self.init(service: service, layers: layers, limits: limits, filter: filter, group: group)
    }

    init(
        service: any RPCService,
        layers: ServerLayers,
        limits: RPCLimits,
        filter: AddressFilter?,
        group: any EventLoopGroup
    ) {
        self.service = service
        self.layers = layers
        self.limits = limits
        self.group = group
        self.filter = filter
        state = Mutex(State(counts: ConnectionCounts(limits)))
    }

    /// The port that is listened on, for `port = 0`.
    package var port: Int? { state.withLock { $0.listener?.localAddress?.port } }

    /// Bytes of all peers that are held: of frames not yet whole, of calls without an answer, of answers not taken.
    package var heldBytes: Int { held.value }

    /// Listens. A backlog of 1024 and TCP_NODELAY, as Flume's server has them.
    package func start(host: String, port: Int) async throws {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { [service] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        ListenerHandler { service.acceptingPaused($0) }
                    )
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: false)
            .childChannelOption(.recvAllocator, value: FreshBuffers())
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .writeBufferWaterMark,
                value: .init(low: max(1, limits.queuedBytes / 2), high: max(1, limits.queuedBytes))
            )
            .childChannelInitializer { self.admit($0) }
        let listener = try await bootstrap.bind(host: host, port: port).get()
        state.withLock { $0.listener = listener }
    }

    /// Lets a new connection in, or fails, which closes it: before TLS, before a byte is read.
    private func admit(_ channel: any Channel) -> EventLoopFuture<Void> {
        let loop = channel.eventLoop
        guard let filter, let address = channel.remoteAddress else {
            return loop.makeCompletedFuture { try self.setUp(channel) }
        }
        switch filter.decide(address, on: loop) {
        case .known(let isAllowed):
            return loop.makeCompletedFuture { try self.setUp(channel, isAllowed: isAllowed) }
        case .asked(let answer):
            return answer.flatMapThrowing { try self.setUp(channel, isAllowed: $0) }
        }
    }

    private func setUp(_ channel: any Channel, isAllowed: Bool = true) throws {
        let address = channel.remoteAddress?.ipAddress ?? ""
        guard isAllowed else { throw reject(RPCRejection(.address, "ipFilterRules deny \(address)"), channel) }
        let handler = RPCServerHandler(
            service: service,
            remembered: remembered,
            limits: limits,
            isEncrypted: layers.tls != nil,
            held: held
        )
        let connection = Connection(channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
        let id = ObjectIdentifier(channel)
        let refusal = state.withLock { state -> RPCRejection? in
            if let rejection = state.counts.admit(address) { return rejection }
            state.connections[id] = connection
            return nil
        }
        if let refusal { throw reject(refusal, channel) }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { state in
                state.connections[id] = nil
                state.counts.leave(address)
            }
        }
        try layers.add(to: channel.pipeline.syncOperations, limits: limits, failed: handler.layerFailed)
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    private func reject(_ rejection: RPCRejection, _ channel: any Channel) -> RPCRejection {
        service.rejected(rejection, peer: channel.remoteAddress?.hostAndPort ?? "unknown")
        return rejection
    }

    /// Stops listening; calls that come from now on are answered FAILED at once, those being served are answered as they
    /// end.
    package func quiesce() async {
        try? await state.withLock { $0.listener }?.close()
        // NIO closes what is let in after that, so these are all.
        let connections = state.withLock { Array($0.connections.values) }
        // Waited for: whoever returns from here knows that nothing more is served.
        for connection in connections {
            try? await connection.channel.eventLoop.submit { connection.handler.value.refuse() }.get()
        }
    }

    /// Closes every connection once its calls are answered; cuts those that have not closed at `deadline`.
    package func stop(deadline: NIODeadline) async {
        let connections = state.withLock { Array($0.connections.values) }
        for connection in connections {
            let loop = connection.channel.eventLoop
            loop.execute { connection.handler.value.closeWhenIdle() }
            let cut = loop.scheduleTask(deadline: deadline) { connection.channel.close(promise: nil) }
            connection.channel.closeFuture.whenComplete { _ in cut.cancel() }
        }
        for connection in connections { try? await connection.channel.closeFuture.get() }
    }
}
