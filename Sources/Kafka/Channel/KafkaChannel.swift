package import Agent
package import Events
internal import Journal
package import Logging
package import NIOCore
internal import Synchronization

/// Flume's Kafka channel: what is put is a topic's records, stored when Kafka has acknowledged them; what is taken comes
/// from a consumer of a group, and its offsets are committed when it is delivered.
///
/// Made of parts that are there already: a Kafka sink puts; a Kafka source that acknowledges what is delivered fills a
/// queue in memory, from which the channel's sinks take. The source starts with the first take, so that a channel without
/// sinks joins no group. Between the two there is nothing but the topic: any agent of the group may take what this one put.
package final class KafkaChannel: Agent.Channel {
    fileprivate struct Put {
        let batch: EventBatch
        let grant: RoomGrant
        let custody: Custody?
        let stored: @Sendable (Result<Void, ComponentError>) -> Void
    }

    fileprivate struct State {
        var isStarted = false
        var isStopped = false
        var nextNumber: DeliveryNumber = 0
        /// Put and not acknowledged.
        var puts: [DeliveryNumber: Put] = [:]
        /// The first number that the sink has not accepted.
        var nextSubmit: DeliveryNumber = 0
        var isSubmitting = false
        /// The sink said that it has room while somebody was submitting.
        var mustSubmitAgain = false
        var hasTaken = false
        var takeTrouble: String?
    }

    /// How long what is on its way to Kafka at the end may take.
    private static let stopLimit = TimeAmount.seconds(3)
    /// What was fetched is offered for so long; then it comes once more.
    private static let offerTime = TimeAmount.hours(24)

    package let keepAlive = Duration.seconds(3)
    package let transactionCapacity = Int(Int32.max)
    package let room: ChannelRoom?
    private let name: String
    private let logger: Logger
    private let counters: ChannelCounters
    private let sink: KafkaSink
    private let source: KafkaSource
    private let queue: MemoryChannel
    private let state = Mutex(State())

    package init(
        name: String,
        settings: KafkaChannelSettings,
        counters: ChannelCounters,
        admission: Admission,
        byteCapacity: Int,
        eventLoop: any EventLoop,
        logger: Logger
    ) {
        self.name = name
        self.logger = logger
        self.counters = counters
        room = admission.makeRoom(capacity: settings.maxHeldEvents, byteCapacity: byteCapacity)
        // Flume's numbers, for the topic's size is not known.
        counters.describe(capacity: 0) { 0 }
        let sourceCounters = SourceCounters(inside: counters)
        sink = KafkaSink(
            name: name,
            settings: settings.sink,
            counters: KafkaSinkCounters(counters.group, rollbacksIn: sourceCounters.group),
            eventLoop: eventLoop,
            logger: logger
        )
        let inner = Admission()
        queue = MemoryChannel(
            room: inner.makeRoom(capacity: settings.maxHeldEvents, byteCapacity: .max),
            transactionCapacity: transactionCapacity,
            // The source holds no more than there is room for.
            keepAlive: .seconds(3600),
            counters: ChannelCounters(inside: counters),
            rollbacks: counters.group.counter("RollbackCount")
        )
        let processor = ChannelProcessor(
            interceptors: [],
            required: [queue],
            optional: [],
            admission: inner,
            mode: .delivered,
            acknowledgeTimeout: Self.offerTime,
            counters: sourceCounters.group,
            logger: logger
        )
        source = KafkaSource(
            name: name,
            settings: settings.source,
            // As Flume: nothing but the record's key.
            origins: [("key", .key, true)],
            processor: processor,
            counters: KafkaSourceCounters(sourceCounters, timersIn: counters.group),
            eventLoop: eventLoop,
            logger: logger
        )
    }

    /// Nothing that a stop would have to wait for: what is not delivered stays in the topic.
    package var size: Int { 0 }
    package var isDurable: Bool { true }

    package var trouble: String? {
        sink.trouble ?? source.trouble ?? state.withLock { $0.takeTrouble }
    }

    package func start() async throws(ComponentError) {
        try await sink.start(
            SinkReports { [weak self] report in
                switch report {
                case .finished(let number, let outcome): self?.finished(number, outcome)
                case .ready: self?.submit()
                case .unavailable, .probed: break
                }
            }
        )
        state.withLock { $0.isStarted = true }
        submit()
    }

    // MARK: - Putting

    package func put(
        _ batch: EventBatch,
        grant: RoomGrant,
        custody: Custody?,
        stored: @escaping @Sendable (Result<Void, ComponentError>) -> Void
    ) {
        counters.eventPutAttempt.add(batch.count)
        let put = Put(batch: batch, grant: grant, custody: custody, stored: stored)
        let isStopped = state.withLock { state in
            guard !state.isStopped else { return true }
            state.puts[state.nextNumber] = put
            state.nextNumber += 1
            return false
        }
        guard !isStopped else {
            end(put, .failure(ComponentError(.channelClosed, "channel \(name) is stopping")))
            return
        }
        submit()
    }

    package func refused(_ events: Int) { counters.eventPutAttempt.add(events) }

    /// Gives the sink what it has room for, in order.
    private func submit() {
        let isMine = state.withLock { state in
            guard state.isStarted else { return false }
            state.mustSubmitAgain = state.isSubmitting
            defer { state.isSubmitting = true }
            return !state.isSubmitting
        }
        guard isMine else { return }
        while let (number, batch) = state.withLock({ $0.next() }) {
            if sink.submit(batch, number: number, deadline: nil) == .accepted {
                state.withLock { $0.nextSubmit += 1 }
            } else {
                let goesOn = state.withLock { state in
                    defer { state.mustSubmitAgain = false }
                    if !state.mustSubmitAgain { state.isSubmitting = false }
                    return state.mustSubmitAgain
                }
                if !goesOn { return }
            }
        }
    }

    private func finished(_ number: DeliveryNumber, _ outcome: SinkOutcome) {
        guard let put = state.withLock({ $0.puts.removeValue(forKey: number) }) else { return }
        switch outcome {
        case .delivered:
            counters.eventPutSuccess.add(put.batch.count)
            end(put, .success(()))
        case .notDelivered(let failure), .except(_, let failure):
            // As in Flume part of it may be stored, and comes again when the batch is sent again.
            end(put, .failure(ComponentError(.channelClosed, "channel \(name): not stored in Kafka: \(failure)")))
        }
    }

    private func end(_ put: Put, _ result: Result<Void, ComponentError>) {
        put.grant.release(events: put.batch.count, bytes: put.grant.bytes)
        put.stored(result)
        switch result {
        case .success:
            put.custody?.stored(put.batch.count)
        case .failure: put.custody?.removed(put.batch.count)
        }
    }

    // MARK: - Taking

    package func take(upTo limit: Int, atLeast minimum: Int, waking waker: ChannelWaker) -> Delivery? {
        let isFirst = state.withLock { state in
            defer { state.hasTaken = true }
            return !state.hasTaken && !state.isStopped
        }
        if isFirst { startSource() }
        return queue.take(upTo: limit, atLeast: minimum, waking: waker)
    }

    /// On a thread of its own, for key stores are read.
    private func startSource() {
        let started = WorkerThread.start(name: "kafka-start") { [self] in
            do throws(ComponentError) {
                try source.begin()
            } catch {
                cannotTake("\(error)")
            }
        }
        if !started { cannotTake("no thread can be made; raise the limit of processes") }
    }

    private func cannotTake(_ reason: String) {
        let text = "channel \(name): nothing can be taken: \(reason); mend that and restart the agent"
        state.withLock { $0.takeTrouble = text }
        logger.error("\(text)")
    }

    package func finish(_ ticket: UInt64, _ end: DeliveryEnd) { queue.finish(ticket, end) }

    /// What is in Kafka stays there.
    package func withdraw(_ custody: Custody) -> Int { 0 }

    package func stop(deadline: NIODeadline) async -> Int {
        let deadline = min(deadline, .now() + Self.stopLimit)
        state.withLock { $0.isStopped = true }
        await sink.stop(deadline: deadline)
        let left = state.withLock { state in
            defer { state.puts = [:] }
            return state.puts
        }
        for (_, put) in left.sorted(by: { $0.key < $1.key }) {
            end(put, .failure(ComponentError(.channelClosed, "channel \(name) is stopping")))
        }
        await source.quiesce()
        // What is in memory is in the topic too.
        _ = await queue.stop(deadline: deadline)
        await source.stop(deadline: deadline)
        return 0
    }
}

extension KafkaChannel.State {
    fileprivate mutating func next() -> (DeliveryNumber, EventBatch)? {
        // Ended already, with the sink.
        guard let put = puts[nextSubmit] else {
            isSubmitting = false
            return nil
        }
        return (nextSubmit, put.batch)
    }
}
