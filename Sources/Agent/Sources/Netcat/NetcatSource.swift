internal import AvroRPC
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Flume's netcat source: each line that comes over TCP is an event, answered `OK` when the channels have it.
final class NetcatSource: Source {
    static let type = TypeEntry(
        alias: "netcat",
        className: "org.apache.flume.source.NetcatSource",
        keys: NetcatSettings.keys + [AcknowledgeKeys.mode, AcknowledgeKeys.timeout]
    )

    private struct State {
        var listener: (any NIOCore.Channel)?
        var connections: [ObjectIdentifier: any NIOCore.Channel] = [:]
        var isQuiet = false
    }

    private let component: ComponentSettings
    private let settings: NetcatSettings
    private let processor: ChannelProcessor
    private let counters: SourceCounters
    private let put: PersistentPut
    private let group: any EventLoopGroup
    private let logger: Logger
    private let state = Mutex(State())

    init(_ context: SourceContext) throws(ConfigurationFault) {
        component = context.settings
        settings = try NetcatSettings(context.settings)
        processor = context.processor
        counters = context.counters
        put = PersistentPut(processor: context.processor, writeFails: context.counters.channelWriteFail)
        group = context.eventLoopGroup
        logger = context.logger
    }

    /// Where it listens; the port is the system's choice where the file says 0.
    var address: SocketAddress? { state.withLock { $0.listener?.localAddress } }

    func start() async throws(ComponentError) {
        let listener: any NIOCore.Channel
        do {
            listener = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 256)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                // One read is one batch.
                .childChannelOption(.maxMessagesPerRead, value: 1)
                .childChannelInitializer { channel in self.accept(channel) }
                .bind(host: settings.host, port: settings.port)
                .get()
        } catch {
            throw .environment(
                component,
                "port",
                "cannot listen on \(settings.host):\(settings.port): \(SystemReason.of(error))",
                advice: SystemReason.advice(for: error)
            )
        }
        state.withLock { $0.listener = listener }
        logger.info(
            "listening",
            metadata: ["address": "\(settings.host):\(listener.localAddress?.port ?? settings.port)"]
        )
    }

    private func accept(_ channel: any NIOCore.Channel) -> EventLoopFuture<Void> {
        let id = ObjectIdentifier(channel)
        let isWelcome = state.withLock { state in
            guard !state.isQuiet else { return false }
            state.connections[id] = channel
            return true
        }
        guard isWelcome else { return channel.close() }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { $0.connections[id] = nil }
        }
        return channel.eventLoop.makeCompletedFuture { [settings, processor, counters, put] in
            try channel.pipeline.syncOperations.addHandler(
                NetcatHandler(settings: settings, processor: processor, counters: counters, put: put)
            )
        }
    }

    func quiesce() async {
        let (listener, connections) = state.withLock { state in
            state.isQuiet = true
            defer { state.listener = nil }
            return (state.listener, Array(state.connections.values))
        }
        let quiet = connections.map { connection in
            connection.eventLoop.submit {
                connection.pipeline.fireUserInboundEventTriggered(NetcatHandler.Order.quiesce)
            }
        }
        try? await listener?.close()
        for connection in quiet { _ = try? await connection.get() }
    }

    func stop(deadline: NIODeadline) async {
        await quiesce()
        put.close()
        let connections = state.withLock { Array($0.connections.values) }
        for connection in connections {
            connection.pipeline.fireUserInboundEventTriggered(NetcatHandler.Order.close)
            let timer = connection.eventLoop.scheduleTask(deadline: deadline) { connection.close(promise: nil) }
            connection.closeFuture.whenComplete { _ in timer.cancel() }
        }
        for connection in connections { _ = try? await connection.closeFuture.get() }
    }
}
