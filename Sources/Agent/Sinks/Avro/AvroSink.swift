internal import AvroRPC
internal import Events
internal import Logging
internal import NIOCore
internal import Secure
internal import Synchronization

/// Flume's Avro sink: sends batches to an Avro source, Java's or ours, over one connection.
///
/// An actor on its runner's event loop, where its connection lives too: a submitted batch goes to the socket without a
/// hop.
actor AvroSink: Sink {
    static let type = TypeEntry(
        alias: "avro",
        className: "org.apache.flume.sink.AvroSink",
        keys: [
            KeySpec("hostname", required: true),
            KeySpec("port", required: true),
            KeySpec("batch-size"),
            KeySpec("connect-timeout"),
            KeySpec("request-timeout"),
            CompressionKeys.type,
            CompressionKeys.level,
            CompressionKeys.order,
            KeySpec("maxIoWorkers", withoutEffect: "Flume ignores it since 1.10; an event loop does the work"),
            KeySpec("window"),
            KeySpec("ping-timeout"),
            AcknowledgeKeys.timeout,
        ] + TLSKeys.client,
        batchSize: .init("batch-size", default: 100)
    )

    private enum Link {
        case none
        case connecting
        case open(NIOLoopBound<RPCClientHandler>)
    }

    nonisolated let batchSize: Int
    nonisolated let canProbe = true
    private nonisolated let eventLoop: any EventLoop
    private nonisolated let executor: any SerialExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private nonisolated let away: Mutex<String?>
    nonisolated var trouble: String? { away.withLock { $0 } }

    private let settings: ComponentSettings
    private let host: String
    private let port: Int
    private let tlsSettings: TLSClientSettings?
    private let client: RPCClientSettings
    private let counters: SinkCounters
    private let logger: Logger
    private let inFlight: Gauge
    private var tls: TLSRotation?
    private var reports = SinkReports { _ in }
    private var link: Link = .none
    private var wasBusy = false
    private var isProbing = false
    private var isStopping = false
    private var stopped: EventLoopPromise<Void>?

    init(_ context: SinkContext) throws(ConfigurationFault) {
        let settings = context.settings
        self.settings = settings
        host = try settings.required("hostname")
        port = try settings.requiredInt("port", min: 1, max: 65535)
        away = Mutex("\(host):\(port) has not answered yet")
        batchSize = max(1, try settings.int("batch-size", default: 100))
        tlsSettings = try TLSKeys.client(settings, context.process)
        var client = RPCClientSettings()
        client.compression = try CompressionKeys.client(settings, context.note)
        client.connectTimeout = try Self.time(settings, "connect-timeout", client.connectTimeout)
        client.requestTimeout = try Self.time(settings, "request-timeout", client.requestTimeout)
        client.pingTimeout = try Self.time(settings, "ping-timeout", client.pingTimeout)
        client.acknowledgeTimeout = try AcknowledgeKeys.timeout(of: settings)
        if settings.string("window") != nil {
            client.window = try settings.int("window", default: 1, min: 1, max: 1024)
        }
        self.client = client
        counters = context.counters
        inFlight = counters.group.gauge("CallsInFlight")
        logger = context.logger
        eventLoop = context.eventLoop
        executor = context.eventLoop.executor
    }

    /// Milliseconds; below 1000 the default counts, as in Flume.
    private static func time(
        _ settings: ComponentSettings,
        _ key: String,
        _ fallback: TimeAmount
    ) throws(ConfigurationFault) -> TimeAmount {
        let value = try settings.int64(key, default: fallback.nanoseconds / 1_000_000)
        return value < 1000 ? fallback : .milliseconds(value)
    }

    func start(_ reports: SinkReports) async throws(ComponentError) {
        self.reports = reports
        if let tlsSettings {
            tls = try TLSKeys.rotation(.client(tlsSettings), of: settings, counters.group, logger, on: eventLoop)
        }
        connect()
        eventLoop.scheduleTask(in: Self.patience) { [weak self] in self?.assumeIsolated { $0.warnIfStillConnecting() } }
    }

    /// A connection that is neither made nor refused by then is worth a line.
    private static let patience = TimeAmount.seconds(5)

    private func warnIfStillConnecting() {
        guard case .connecting = link else { return }
        logger.warning("no answer yet; still connecting", metadata: ["address": "\(host):\(port)"])
    }

    nonisolated func submit(_ batch: EventBatch, number: DeliveryNumber, deadline: NIODeadline?) -> Submission {
        assumeIsolated { $0.send(batch, number, deadline) }
    }

    nonisolated func probe() {
        assumeIsolated { $0.startProbe() }
    }

    private func send(_ batch: EventBatch, _ number: DeliveryNumber, _ deadline: NIODeadline?) -> Submission {
        guard case .open(let handler) = link, handler.value.hasRoom(for: batch) else {
            if case .none = link, !isStopping { connect() }
            wasBusy = true
            return .busy
        }
        handler.value.send(batch, number: number, deadline: deadline)
        inFlight.set(handler.value.inFlight)
        return .accepted
    }

    private func startProbe() {
        isProbing = true
        switch link {
        case .none: connect()
        case .connecting: break
        case .open(let handler): handler.value.ping()
        }
    }

    private func connect() {
        link = .connecting
        RPCClientConnection.connect(
            host: host,
            port: port,
            tls: tls?.current,
            settings: client,
            on: eventLoop,
            events: { [weak self] event in self?.assumeIsolated { $0.handle(event) } }
        ).whenComplete { result in
            self.assumeIsolated { $0.connected(result) }
        }
    }

    private func connected(_ result: Result<NIOLoopBound<RPCClientHandler>, any Error>) {
        switch result {
        case .success(let handler):
            counters.connectionCreated.add()
            guard !isStopping else {
                handler.value.close()
                return
            }
            link = .open(handler)
            away.withLock { $0 = nil }
            let peer = handler.value.peer.map { "Tributary, acknowledges when \($0.acknowledge)" } ?? "Flume"
            logger.info("connected", metadata: ["address": "\(host):\(port)", "peer": "\(peer)"])
            finishProbe(nil)
            becameReady()
        case .failure(let error):
            link = .none
            counters.connectionFailed.add()
            let failure = SinkFailure((error as? RPCError)?.message ?? "\(host):\(port): \(error)")
            away.withLock { $0 = failure.message }
            if isProbing { finishProbe(failure) } else { reports.unavailable(failure) }
            stopped?.succeed()
        }
    }

    private func handle(_ event: RPCClientEvent) {
        switch event {
        case .settled(let number, let result):
            if case .open(let handler) = link { inFlight.set(handler.value.inFlight) } else { inFlight.set(0) }
            switch result {
            case .success: reports.finished(number, .delivered)
            case .failure(let error): reports.finished(number, .notDelivered(SinkFailure(error.message)))
            }
            becameReady()
        case .pong:
            finishProbe(nil)
        case .closed(let error):
            link = .none
            inFlight.set(0)
            counters.connectionClosed.add()
            let failure = SinkFailure(error.message)
            away.withLock { $0 = failure.message }
            if isProbing { finishProbe(failure) } else if !isStopping { reports.unavailable(failure) }
            stopped?.succeed()
        }
    }

    private func finishProbe(_ failure: SinkFailure?) {
        guard isProbing else { return }
        isProbing = false
        reports.probed(failure)
    }

    private func becameReady() {
        guard wasBusy else { return }
        wasBusy = false
        reports.ready()
    }

    /// Waits for the answers to its open calls until `deadline`, then closes; what was not answered is reported as not
    /// delivered by the connection's end.
    func stop(deadline: NIODeadline) async {
        isStopping = true
        guard case .open(let handler) = link else { return }
        let stopped = eventLoop.makePromise(of: Void.self)
        self.stopped = stopped
        handler.value.closeWhenIdle()
        let cut = eventLoop.scheduleTask(deadline: deadline) { handler.value.close() }
        try? await stopped.futureResult.get()
        cut.cancel()
    }
}
