internal import AvroRPC
internal import Events
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Secure
internal import Synchronization

/// Flume's Avro source: takes batches from Avro sinks and RPC clients, Java's and ours.
final class AvroSource: Source, RPCService {
    static let type = TypeEntry(
        alias: "avro",
        className: "org.apache.flume.source.AvroSource",
        keys: [
            KeySpec("bind", required: true),
            KeySpec("port", required: true),
            KeySpec(
                "threads",
                withoutEffect: "Flume ignores it since 1.10; every connection is served by an event loop"
            ),
            CompressionKeys.type,
            KeySpec("ipFilter", form: .boolean),
            KeySpec("ipFilterRules"),
            AcknowledgeKeys.mode,
            AcknowledgeKeys.timeout,
            KeySpec("window"),
        ] + TLSKeys.server
    )

    private let settings: ComponentSettings
    private let host: String
    private let port: Int
    private let tls: TLSServerSettings?
    private let acceptsCompression: Bool
    private let limits: RPCLimits
    /// How long an unnamed peer's batch waits for its delivery: below the 20 s after which Java's sink gives up.
    private let unnamedPatience: TimeAmount
    private let processor: ChannelProcessor
    private let counters: SourceCounters
    private let refused: Counter
    private let breaches: BreachCounters
    private let group: any EventLoopGroup
    private let logger: Logger
    private let server = Mutex<RPCServer?>(nil)
    let description: PeerDescription

    init(_ context: SourceContext) throws(ConfigurationFault) {
        settings = context.settings
        host = try settings.required("bind")
        port = try settings.requiredInt("port", min: 0, max: 65535)
        tls = try TLSKeys.server(settings, context.process)
        acceptsCompression = CompressionKeys.isOn(settings) { context.logger.warning("\($0)") }
        try Self.refuseUnsupported(settings)
        var limits = RPCLimits()
        limits.calls = try settings.int("window", default: limits.calls, min: 1, max: 1024)
        self.limits = limits
        unnamedPatience = .milliseconds(
            try settings.int64(AcknowledgeKeys.timeout.name, default: 15_000, min: 1, max: 3_600_000)
        )
        processor = context.processor
        counters = context.counters
        refused = counters.group.counter("RefusedBatchCount")
        breaches = BreachCounters(counters.group, context.logger)
        group = context.eventLoopGroup
        logger = context.logger
        description = PeerDescription(
            process: ProcessIdentity.bytes,
            acknowledge: context.processor.acknowledgeMode.rawValue,
            calls: limits.calls,
            bytes: limits.callBytes
        )
    }

    private static func refuseUnsupported(_ settings: ComponentSettings) throws(ConfigurationFault) {
        guard !settings.bool("ipFilter", default: false) else {
            throw settings.fault("ipFilter", "is not available yet", advice: "filter addresses at the host's firewall")
        }
    }

    func start() async throws(ComponentError) {
        var rotation: TLSRotation?
        if let tls {
            rotation = try TLSKeys.rotation(.server(tls), of: settings, counters.group, logger, on: group.next())
        }
        let layers = ServerLayers(tls: rotation, acceptsCompression: acceptsCompression)
        let server = RPCServer(service: self, layers: layers, limits: limits, group: group)
        do {
            try await server.start(host: host, port: port)
        } catch {
            throw .environment(
                settings,
                "port",
                "cannot listen on \(host):\(port): \(SystemReason.of(error))",
                advice: SystemReason.advice(for: error)
            )
        }
        self.server.withLock { $0 = server }
        logger.info("listening", metadata: ["address": "\(host):\(server.port ?? port)", "tls": "\(tls != nil)"])
    }

    func quiesce() async {
        await server.withLock { $0 }?.quiesce()
    }

    func stop(deadline: NIODeadline) async {
        await server.withLock { $0 }?.stop(deadline: deadline)
    }

    func serve(
        _ call: RPCCall,
        on eventLoop: any EventLoop,
        answer: @escaping @Sendable (RPCAnswer) -> Void
    ) -> (any RPCCallHandle)? {
        let count = call.batch.count
        counters.eventReceived.add(count)
        let (received, accepted) =
            call.message == .append
            ? (counters.appendReceived, counters.appendAccepted)
            : (counters.appendBatchReceived, counters.appendBatchAccepted)
        received.add()
        let timeLeft = call.isFromNamedPeer ? call.timeLeft : unnamedPatience
        let counters = counters
        let refused = refused
        return processor.process(call.batch, timeLeft: timeLeft, on: eventLoop) { acknowledgement in
            switch acknowledgement {
            case .acknowledged:
                counters.eventAccepted.add(count)
                accepted.add()
                answer(.ok)
            case .refused:
                counters.channelWriteFail.add()
                refused.add()
                answer(.failed)
            }
        }
    }

    func connectionsChanged(by change: Int) {
        counters.openConnections.add(change)
    }

    func rejected(_ rejection: RPCRejection, peer: String) {
        breaches.add(rejection, peer: peer)
    }
}

extension Passage: RPCCallHandle {}
