package import Agent
internal import Journal
package import Logging
package import NIOCore
internal import Synchronization

/// Flume's Kafka sink over librdkafka: a batch is delivered when Kafka has acknowledged every event of it.
///
/// `submit` gives the events to librdkafka, and the event loop that it is called on takes librdkafka's reports and passes
/// the outcomes on (`KafkaSink+Reports`): two threads at it would contend for librdkafka's locks and memory. What may block
/// is done by one thread of the sink's own (`KafkaSink+Thread`). Three locks, taken in this order where several are:
/// `client`, `producer`, `state`; outcomes are reported under none.
package final class KafkaSink: Sink {
    package let name: String
    package let batchSize: Int
    package let settings: KafkaSinkSettings

    struct State {
        var ledger: DeliveryLedger
        var reports: SinkReports?
        var phase = Phase.idle
        var transaction: TransactionPhase
        /// What librdkafka said that is the thread's business.
        var heard: [Word] = []
        /// When the last record was acknowledged, where the thread has not seen that yet.
        var acknowledged: NIODeadline?
        var trouble: String?
        /// Why the channel does not move, though brokers are there.
        var blocked: String?
        /// A batch with a deadline was turned away because the brokers are away.
        var hasTurnedAway = false
        var failures = LogThrottle()
        var badTimestamps = LogThrottle()
        var letterWarnings = LogThrottle()
    }

    /// What librdkafka says that is no delivery report.
    enum Word {
        case error(KafkaFailure, isFatal: Bool)
        case statistics(String)
    }

    enum Phase: Equatable {
        /// Not started, or stopped.
        case idle
        case running
        /// What is held may still be acknowledged until then.
        case stopping(NIODeadline)
    }

    let state: Mutex<State>
    let producer = Mutex<RecordProducer?>(nil)
    /// The client, for taking its reports without waiting for the producer's lock.
    let client = Mutex<ClientHandle?>(nil)
    /// Makes the thread look round.
    let signal = Signal()
    let counters: KafkaSinkCounters
    let logger: Logger
    let eventLoop: any EventLoop
    let threadEnd = ThreadEnd()

    package convenience init(
        name: String,
        settings: KafkaSinkSettings,
        counters: SinkCounters,
        eventLoop: any EventLoop,
        logger: Logger
    ) {
        self.init(
            name: name,
            settings: settings,
            counters: KafkaSinkCounters(counters),
            eventLoop: eventLoop,
            logger: logger
        )
    }

    init(
        name: String,
        settings: KafkaSinkSettings,
        counters: KafkaSinkCounters,
        eventLoop: any EventLoop,
        logger: Logger
    ) {
        self.name = name
        self.settings = settings
        self.eventLoop = eventLoop
        batchSize = settings.batchSize
        self.counters = counters
        var logger = logger
        logger[metadataKey: "sink"] = "\(name)"
        self.logger = logger
        state = Mutex(
            State(
                ledger: DeliveryLedger(limit: settings.maxHeldEvents, writesLetters: settings.deadLetterTopic != nil),
                transaction: settings.isTransactional ? .preparing : .none
            )
        )
    }

    /// What keeps the sink from delivering, for `/readyz`; `nil` while all is well. Any thread may ask.
    package var trouble: String? { state.withLock { $0.trouble ?? $0.blocked } }

    /// Makes the client. Brokers that are away are no error; a file that librdkafka cannot read is.
    package func start(_ reports: SinkReports) async throws(ComponentError) {
        guard state.withLock({ $0.phase == .idle }), !threadEnd.isAwaited else { return }
        try connect()
        threadEnd.begin()
        state.withLock { state in
            state.reports = reports
            state.phase = .running
            state.ledger.open()
        }
        let started = WorkerThread.start(name: "kafka-sink") { [self] in
            serve()
            ended()
        }
        guard started else {
            replaceProducer(nil)
            state.withLock { state in
                state.phase = .idle
                state.ledger.close()
            }
            threadEnd.reach()
            throw ComponentError(.environment, "sink \(name): no thread can be made; raise the limit of processes")
        }
    }

    /// A new client with everything set, in place of the one there was.
    func connect() throws(ComponentError) {
        let configuration = try ClientConfiguration.make("sink \(name)", settings.options, settings.stores, logger)
        do throws(KafkaFailure) {
            replaceProducer(try configuration.makeProducer())
        } catch {
            throw ComponentError(.environment, "sink \(name): the Kafka client cannot be made: \(error)")
        }
    }

    /// Puts a producer over `new` in place. The caller may block while the old client ends, which is why nobody but the
    /// sink's own thread keeps a reference to one outside the locks.
    func replaceProducer(_ new: ClientHandle?) {
        let host = new == nil ? nil : LocalHostNames()
        let old = client.withLock { client in
            defer { client = new }
            return client
        }
        producer.withLock { producer in
            if let new, let host {
                producer = RecordProducer(client: new, settings: settings, host: host)
            } else {
                producer = nil
            }
        }
        withExtendedLifetime(old) {}
        new?.onArrival { [weak self] in self?.scheduleReports() }
    }

    /// For the sink's own thread only.
    func currentClient() -> ClientHandle? { client.withLock { $0 } }

    /// Makes the thread look round at once.
    func wake() { signal.raise() }

    package func stop(deadline: NIODeadline) async {
        let isRunning = state.withLock { state in
            guard state.phase != .idle else { return false }
            state.phase = .stopping(deadline)
            state.ledger.close()
            return true
        }
        guard isRunning else { return }
        wake()
        await threadEnd.wait(until: deadline, on: eventLoop, logger)
    }

    /// On the event loop, so that reports that it is passing on at this moment come before the end is known.
    private func ended() {
        eventLoop.execute { [self] in end() }
    }

    private func end() {
        state.withLock { state in
            state.phase = .idle
            state.reports = nil
            state.trouble = nil
            state.blocked = nil
        }
        threadEnd.reach()
    }
}
