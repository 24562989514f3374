package import Agent
internal import Events
internal import Journal
package import Logging
package import NIOCore
internal import Synchronization

/// Flume's Kafka source over librdkafka: one consumer of a group; an offset is committed when the channels have
/// acknowledged every record before it.
///
/// One thread of the source's own polls the consumer and builds batches; batches are put from that thread and from
/// whichever one tells of the batch before. `state` is the only lock; nothing is called under it.
package final class KafkaSource: Source {
    let name: String
    let settings: KafkaSourceSettings
    let processor: ChannelProcessor
    let counters: KafkaSourceCounters
    let logger: Logger
    let eventLoop: any EventLoop

    struct State {
        var ledger = OffsetLedger()
        var queue: BatchQueue
        /// The ways of the batches that are not acknowledged, by attempt, and the attempts themselves.
        var underWay: [UInt64: (attempt: BatchQueue.Attempt, passage: Passage?)] = [:]
        /// Somebody is in `offer`, and looks again before it leaves.
        var isOffering = false
        var phase = Phase.idle
        /// The thread waits for room, or for acknowledgements.
        var isWaiting = false
        var brokerTrouble: String?
        /// What is wrong with a topic, or with the group (an empty name).
        var topicTroubles: [String: String] = [:]
    }

    enum Phase: Equatable {
        /// Not started.
        case idle
        case running
        /// Nothing is read; what is acknowledged is committed.
        case quiet
        case stopping(NIODeadline)
        /// Stopped, perhaps before it was started.
        case ended
    }

    /// Bytes of events that are not acknowledged, and of one batch, at most.
    static let maxHeldBytes = 64 << 20
    static let maxBatchBytes = 16 << 20

    let state: Mutex<State>
    private let consumer = Mutex<ConsumerHandle?>(nil)
    private let threadEnd = ThreadEnd()

    /// Headers of events and where they come from.
    let origins: [RecordEvents.Header]

    package convenience init(
        name: String,
        settings: KafkaSourceSettings,
        processor: ChannelProcessor,
        counters: SourceCounters,
        eventLoop: any EventLoop,
        logger: Logger
    ) {
        self.init(
            name: name,
            settings: settings,
            origins: settings.origins,
            processor: processor,
            counters: KafkaSourceCounters(counters),
            eventLoop: eventLoop,
            logger: logger
        )
    }

    init(
        name: String,
        settings: KafkaSourceSettings,
        origins: [RecordEvents.Header],
        processor: ChannelProcessor,
        counters: KafkaSourceCounters,
        eventLoop: any EventLoop,
        logger: Logger
    ) {
        self.name = name
        self.settings = settings
        self.origins = origins
        self.processor = processor
        self.counters = counters
        self.eventLoop = eventLoop
        var logger = logger
        logger[metadataKey: "source"] = "\(name)"
        self.logger = logger
        state = Mutex(State(queue: BatchQueue(maxEvents: settings.maxHeldEvents, maxBytes: Self.maxHeldBytes)))
    }

    package var trouble: String? {
        state.withLock { state in
            state.brokerTrouble ?? state.topicTroubles.min { $0.key < $1.key }?.value
        }
    }

    /// Makes the client. Brokers that are away are no error; a file that cannot be read is.
    package func start() async throws(ComponentError) { try begin() }

    /// `start`, which waits for nothing. A source that was stopped, before or meanwhile, stays so.
    ///
    /// - Parameter startThread: whether a thread could be made.
    func begin(
        startThread: (_ name: String, _ run: @escaping @Sendable () -> Void) -> Bool = WorkerThread.start(name:_:)
    ) throws(ComponentError) {
        guard state.withLock({ $0.phase == .idle }) else { return }
        let reader = SourceReader(self)
        let made = try ConsumerHandle.make(
            "source \(name)",
            settings.options,
            settings.stores,
            RebalanceHook { reader.rebalance($0) },
            logger
        )
        consumer.withLock { $0 = made }
        threadEnd.begin()
        let isWanted = state.withLock { state in
            guard state.phase == .idle else { return false }
            state.phase = .running
            return true
        }
        guard isWanted else {
            dropConsumer()
            threadEnd.reach()
            return
        }
        // The thread that waits for records does not see what else comes. Not `wake`: a yield of the main queue counts as an
        // arrival. Not here: librdkafka must not be called from within.
        made.client.onArrival { [weak self, eventLoop] in
            eventLoop.execute { [weak self] in self?.consumer.withLock { $0?.endPoll() } }
        }
        // The closure does not hold the client: that is gone when the end is told.
        let started = startThread("kafka-source") { [self] in
            reader.serve()
            ended()
        }
        guard started else {
            dropConsumer()
            state.withLock { $0.phase = .idle }
            threadEnd.reach()
            throw ComponentError(.environment, "source \(name): no thread can be made; raise the limit of processes")
        }
    }

    /// Reads nothing more, and offers nothing more: what was not admitted is read again by whoever has its partition next.
    package func quiesce() async {
        let passage = state.withLock { state -> Passage? in
            guard state.phase == .running else { return nil }
            state.phase = .quiet
            state.queue.close()
            // What is admitted runs its way.
            return state.queue.offering.flatMap { state.underWay[$0]?.passage }
        }
        passage?.abandon()
        wake()
    }

    package func stop(deadline: NIODeadline) async {
        let isRunning = state.withLock { state in
            state.queue.close()
            guard state.phase != .idle, state.phase != .ended else {
                state.phase = .ended
                return false
            }
            state.phase = .stopping(deadline)
            return true
        }
        guard isRunning else { return }
        wake()
        await threadEnd.wait(until: deadline, on: eventLoop, logger)
    }

    /// For the source's own thread only.
    func currentConsumer() -> ConsumerHandle? { consumer.withLock { $0 } }

    /// The thread has left the group; its client is about to end.
    func closed() { threadEnd.nearlyReach(on: eventLoop) }

    /// Makes the thread look round at once.
    func wake() {
        consumer.withLock { $0?.wake() }
    }

    /// The thread is about to close the client and let go of it, which may block while it ends: nobody may wake it any more, or
    /// hold it last.
    func dropConsumer() {
        let last = consumer.withLock { consumer in
            defer { consumer = nil }
            return consumer
        }
        withExtendedLifetime(last) {}
    }

    private func ended() {
        state.withLock { state in
            state.phase = .ended
            state.brokerTrouble = nil
            state.topicTroubles = [:]
        }
        threadEnd.reach()
    }
}
