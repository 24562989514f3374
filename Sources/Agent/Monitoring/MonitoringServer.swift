internal import AvroRPC
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// The HTTP server of `-Dflume.monitoring.type=http`: `/metrics` as Flume's `HTTPMetricsServer` writes it, `/healthz` and
/// `/readyz` beside it.
package final class MonitoringServer: Sendable {
    private struct State {
        var listener: (any NIOCore.Channel)?
        var connections: [ObjectIdentifier: any NIOCore.Channel] = [:]
        var isStopping = false
    }

    private let group: any EventLoopGroup
    private let routes: MonitoringRoutes
    private let limits: MonitoringLimits
    private let state = Mutex(State())

    /// - Parameters:
    ///   - group: the event loops of the connections; the caller's.
    ///   - groups: all counters to be shown. Runs on an event loop: it must not wait.
    ///   - notReady: why the agent is not ready, one sentence each; empty when it is. Runs on an event loop too.
    package init(
        group: any EventLoopGroup,
        groups: @escaping @Sendable () -> [CounterGroup],
        notReady: @escaping @Sendable () -> [String],
        limits: MonitoringLimits = MonitoringLimits()
    ) {
        self.group = group
        routes = MonitoringRoutes(groups: groups, notReady: notReady)
        self.limits = limits
    }

    /// Listens, and gives the port that it listens on.
    ///
    /// - Parameters:
    ///   - host: a name or an address; nil for all interfaces.
    ///   - port: 0 for any free one.
    /// - Throws: `environment` where the machine does not allow it. Flume logs that and runs on.
    @discardableResult
    package func start(host: String?, port: Int) async throws(ComponentError) -> Int {
        let listener: any NIOCore.Channel
        do {
            listener = try await bind(host: host, port: port)
        } catch {
            let place = "\(host ?? "*"):\(port)"
            throw ComponentError(
                .environment,
                "environment: the monitoring server cannot listen on \(place): \(SystemReason.of(error)); "
                    + "free the port or set -D\(MonitoringSettings.portKey)"
            )
        }
        let isStopping = state.withLock { state in
            state.listener = listener
            return state.isStopping
        }
        if isStopping { try? await listener.close() }
        return listener.localAddress?.port ?? port
    }

    /// Stops listening and closes all connections.
    package func stop() async {
        let (listener, connections) = state.withLock { state in
            state.isStopping = true
            return (state.listener, Array(state.connections.values))
        }
        try? await listener?.close()
        for connection in connections { connection.close(promise: nil) }
        for connection in connections { try? await connection.closeFuture.get() }
    }

    private func bind(host: String?, port: Int) async throws -> any NIOCore.Channel {
        guard UInt16(exactly: port) != nil else { throw ProbeError("not a port, 0 to 65535") }
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_sndbuf), value: SocketOptionValue(limits.sendBuffer))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.setUp(channel) }
            }
        if let host { return try await bootstrap.bind(host: host, port: port).get() }
        do {
            // One socket for both families, as Java's.
            return try await bootstrap.bind(host: "::", port: port).get()
        } catch let error as IOError where SystemReason.isMissingFamily(error.errnoCode) {
            return try await bootstrap.bind(host: "0.0.0.0", port: port).get()
        }
    }

    private func setUp(_ channel: any NIOCore.Channel) throws {
        guard admit(channel) else {
            channel.close(promise: nil)
            return
        }
        var decoder = NIOHTTPDecoderLimitConfiguration()
        decoder.maxHeaderFieldSize = limits.head
        decoder.maxHeaderListSize = limits.head
        // Our handler answers what cannot be read, once, and lets the client read the answer.
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withPipeliningAssistance: true,
            withErrorHandling: false,
            withOutboundHeaderValidation: true,
            withEncoderConfiguration: HTTPResponseEncoder.Configuration(),
            withDecoderLimitConfiguration: decoder
        )
        try channel.pipeline.syncOperations.addHandler(MonitoringHandler(routes: routes, limits: limits))
    }

    private func admit(_ channel: any NIOCore.Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isAdmitted = state.withLock { state in
            guard !state.isStopping, state.connections.count < limits.connections else { return false }
            state.connections[id] = channel
            return true
        }
        guard isAdmitted else { return false }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { $0.connections[id] = nil }
        }
        return true
    }
}
