internal import AvroRPC
internal import Events
internal import Logging
internal import NIOCore
internal import Secure
internal import Synchronization

/// Flume's Avro sink: sends batches to an Avro source, Java's or ours, or to several by `client.type`.
///
/// An actor on its runner's event loop, where its connections live too: a submitted batch goes to the socket without a
/// hop. With several hosts a batch that one does not take goes to the next before the runner hears of it.
actor AvroSink: Sink {
    nonisolated let batchSize: Int
    nonisolated let canProbe = true
    private nonisolated let eventLoop: any EventLoop
    private nonisolated let executor: any SerialExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private nonisolated let away: Mutex<String?>
    nonisolated var trouble: String? { away.withLock { $0 } }

    private let settings: ComponentSettings
    private let plan: RPCClientPlan
    private let tlsSettings: TLSClientSettings?
    private let counters: SinkCounters
    private let logger: Logger
    /// One line a minute for each host.
    private let hostsAway: ThrottledLog
    private let inFlight: Gauge
    private var reports = SinkReports { _ in }
    private var hosts: RPCHosts?
    private var wasBusy = false
    private var isProbing = false
    private var isStopping = false

    init(_ context: SinkContext) throws(ConfigurationFault) {
        settings = context.settings
        plan = try Self.plan(context)
        batchSize = plan.batchSize
        let names = plan.hosts.map(\.description).joined(separator: ", ")
        away = Mutex("\(names) has not answered yet")
        tlsSettings = try TLSKeys.client(context.settings, context.process, note: context.note)
        counters = context.counters
        inFlight = counters.group.gauge("CallsInFlight")
        logger = context.logger
        hostsAway = ThrottledLog(context.logger)
        eventLoop = context.eventLoop
        executor = context.eventLoop.executor
    }

    func start(_ reports: SinkReports) async throws(ComponentError) {
        self.reports = reports
        var tls: TLSRotation?
        if let tlsSettings {
            tls = try TLSKeys.rotation(.client(tlsSettings), of: settings, counters.group, logger, on: eventLoop)
        }
        let contexts = tls
        let hosts = RPCHosts(
            plan,
            tls: { contexts?.current },
            on: eventLoop,
            events: { [weak self] event in self?.assumeIsolated { $0.handle(event) } }
        )
        self.hosts = hosts
        hosts.prepare()
        eventLoop.scheduleTask(in: Self.patience) { [weak self] in self?.assumeIsolated { $0.warnIfStillConnecting() } }
    }

    /// A connection that is neither made nor refused by then is worth a line.
    private static let patience = TimeAmount.seconds(5)

    private func warnIfStillConnecting() {
        for endpoint in hosts?.connecting ?? [] {
            logger.warning("no answer yet; still connecting", metadata: ["address": "\(endpoint)"])
        }
    }

    nonisolated func submit(_ batch: EventBatch, number: DeliveryNumber, deadline: NIODeadline?) -> Submission {
        assumeIsolated { $0.send(batch, number, deadline) }
    }

    nonisolated func probe() {
        assumeIsolated { $0.startProbe() }
    }

    private func send(_ batch: EventBatch, _ number: DeliveryNumber, _ deadline: NIODeadline?) -> Submission {
        guard let hosts, hosts.hasRoom(for: batch) else {
            hosts?.prepare()
            wasBusy = true
            return .busy
        }
        hosts.submit(batch, number: number, deadline: deadline)
        inFlight.set(hosts.inFlight)
        return .accepted
    }

    private func startProbe() {
        isProbing = true
        guard let hosts, !hosts.ping() else { return }
        hosts.prepare()
    }

    private func handle(_ event: RPCHostsEvent) {
        switch event {
        case .settled(let number, let result):
            inFlight.set(hosts?.inFlight ?? 0)
            switch result {
            case .success: reports.finished(number, .delivered)
            case .failure(let error): reports.finished(number, .notDelivered(SinkFailure(error.message)))
            }
        case .ready: becameReady()
        case .opened(let endpoint, let peer):
            counters.connectionCreated.add()
            away.withLock { $0 = nil }
            let peer = peer.map { "Tributary, acknowledges when \($0.acknowledge)" } ?? "Flume"
            logger.info("connected", metadata: ["address": "\(endpoint)", "peer": "\(peer)"])
            finishProbe(nil)
        case .stray(let endpoint, let serial):
            logger.warning(
                "passed over a reply to no open call",
                metadata: ["address": "\(endpoint)", "serial": "\(serial)"]
            )
        case .connectFailed(let endpoint, let error):
            counters.connectionFailed.add()
            warn(of: endpoint, error)
        case .unreachable(let error):
            lost(error)
        case .pong: finishProbe(nil)
        case .closed(let endpoint, let error):
            counters.connectionClosed.add()
            if !isStopping { warn(of: endpoint, error) }
            closed(error)
        case .retired:
            counters.connectionClosed.add()
            inFlight.set(hosts?.inFlight ?? 0)
        }
    }

    /// A connection is gone; with several hosts another one takes over, and only when none can is the sink away.
    private func closed(_ error: RPCError) {
        inFlight.set(hosts?.inFlight ?? 0)
        guard let hosts, !hosts.isOpen else { return }
        if plan.hosts.count > 1 {
            away.withLock { $0 = error.message }
            hosts.prepare()
        } else {
            lost(error)
        }
    }

    /// One host of several is away, which its runner does not hear of; told once a minute.
    private func warn(of endpoint: RPCEndpoint, _ error: RPCError) {
        guard plan.hosts.count > 1 else { return }
        hostsAway.warning(
            "a host is away; the sink's other hosts are used",
            key: "\(endpoint)",
            metadata: ["address": "\(endpoint)", "reason": "\(error.message)"]
        )
    }

    private func lost(_ error: RPCError) {
        let failure = SinkFailure(error.message)
        away.withLock { $0 = failure.message }
        if isProbing { finishProbe(failure) } else if !isStopping { reports.unavailable(failure) }
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
        try? await hosts?.end(deadline: deadline).get()
    }
}
