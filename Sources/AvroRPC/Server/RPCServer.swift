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
        var isStopping = false
    }

    private struct Connection: Sendable {
        let channel: any Channel
        let handler: NIOLoopBound<RPCServerHandler>
    }

    private let service: any RPCService
    private let layers: ServerLayers
    private let limits: RPCLimits
    private let remembered = ProtocolMemory()
    private let group: any EventLoopGroup
    private let state = Mutex(State())

    package init(
        service: any RPCService,
        layers: ServerLayers,
        limits: RPCLimits,
        group: any EventLoopGroup
    ) {
        self.service = service
        self.layers = layers
        self.limits = limits
        self.group = group
    }

    /// The port that is listened on, for `port = 0`.
    package var port: Int? { state.withLock { $0.listener?.localAddress?.port } }

    /// Listens. A backlog of 1024 and TCP_NODELAY, as Flume's server has them.
    package func start(host: String, port: Int) async throws {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: false)
            .childChannelOption(.recvAllocator, value: ReadSize.allocator)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.setUp(channel) }
            }
        let listener = try await bootstrap.bind(host: host, port: port).get()
        state.withLock { $0.listener = listener }
    }

    private func setUp(_ channel: any Channel) throws {
        let handler = RPCServerHandler(
            service: service,
            remembered: remembered,
            limits: limits,
            isEncrypted: layers.tls != nil
        )
        try layers.add(to: channel.pipeline.syncOperations, limits: limits, failed: handler.layerFailed)
        try channel.pipeline.syncOperations.addHandler(handler)
        let connection = Connection(channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
        let id = ObjectIdentifier(channel)
        let isStopping = state.withLock { state in
            state.connections[id] = connection
            return state.isStopping
        }
        if isStopping { handler.refuse() }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { $0.connections[id] = nil }
        }
    }

    /// Stops listening; calls that come from now on are answered FAILED at once, those being served are answered as they
    /// end.
    package func quiesce() async {
        let (listener, connections) = state.withLock { state in
            state.isStopping = true
            return (state.listener, Array(state.connections.values))
        }
        try? await listener?.close()
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

/// How much is read from a socket at once: a whole batch where the peer sends fast, little where it does not.
enum ReadSize {
    static let allocator = AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 65536, maximum: 1 << 20)
}
