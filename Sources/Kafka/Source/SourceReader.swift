internal import Agent
internal import Events
internal import Logging
internal import NIOCore
internal import Synchronization

/// A Kafka source's thread: polls the consumer, builds batches, commits offsets, and watches over the brokers.
// @unchecked: made before the thread starts, and from then on used by it alone (rebalances are told on it too).
final class SourceReader: @unchecked Sendable {
    /// The longest sleep in librdkafka's queue.
    private static let longestPoll = TimeAmount.milliseconds(500)
    /// How long a source that cannot go on leaves what librdkafka has fetched ahead where it is. Then it polls again, with
    /// every partition paused, so that the group does not expel it.
    private static let patience = TimeAmount.milliseconds(500)
    /// One poll of a consumer that is paused.
    private static let pausedPoll: Int32 = 100
    /// Between two commits.
    static let commitInterval = TimeAmount.milliseconds(100)
    /// How long partitions that go may wait for what is on its way to the channels, and for their commit.
    private static let revokeLimit = TimeAmount.seconds(1)
    private static let commitLimit = TimeAmount.seconds(3)
    /// How long a probe, and a look for topics, may block this thread.
    private static let probeLimit: Int32 = 1000
    private static let metadataLimit: Int32 = 5000
    /// Until topics are looked for again where none was found.
    private static let searchInterval = TimeAmount.seconds(5)

    unowned let source: KafkaSource
    private var consumer: ConsumerHandle?
    private var events: RecordEvents
    private var places = PartitionPlaces()
    private var open = OpenBatch()
    private var health: BrokerHealth
    /// When the source could not go on any more.
    private var standsSince: NIODeadline?
    private var isPaused = false
    /// When the commit that is out was asked for.
    private var commitStart: NIODeadline?
    private var nextCommit: NIODeadline
    private var topics: [String] = []
    private var nextSearch: NIODeadline?
    private var hasTopicTroubles = false
    private let log: ThrottledLog

    init(_ source: KafkaSource) {
        self.source = source
        let now = NIODeadline.now()
        health = BrokerHealth(now: now)
        nextCommit = now
        nextSearch = now
        log = ThrottledLog(source.logger)
        events = RecordEvents(source.origins, usesEventFormat: source.settings.usesEventFormat)
    }

    /// Runs until the source stops; leaves the group.
    func serve(_ consumer: ConsumerHandle) {
        self.consumer = consumer
        while true {
            let now = NIODeadline.now()
            let (phase, isFull, isDue) = source.state.withLock { state in
                (state.phase, state.queue.isFull(for: source.settings.batchSize), state.ledger.hasDue)
            }
            if case .stopping(let deadline) = phase {
                close(consumer, deadline)
                return
            }
            takeEvents(of: consumer, milliseconds: 0)
            watch(consumer, now)
            subscribe(consumer, now)
            if isDue, commitStart == nil, now >= nextCommit { commit(consumer, now) }
            if phase == .quiet || isFull {
                if phase == .quiet { open = OpenBatch() }
                stand(consumer, now, atOnce: phase == .quiet)
            } else {
                goOn(consumer)
                read(consumer, wait(now, isDue))
            }
        }
    }

    private func wait(_ now: NIODeadline, _ isDue: Bool) -> TimeAmount {
        var limit = Self.longestPoll
        if !open.isEmpty { limit = min(limit, open.start + .milliseconds(source.settings.batchMilliseconds) - now) }
        if isDue || commitStart != nil { limit = min(limit, max(nextCommit - now, .milliseconds(10))) }
        if let probe = health.probeTime(isHolding: false) { limit = min(limit, probe - now) }
        if let search = nextSearch { limit = min(limit, search - now) }
        return max(limit, .nanoseconds(0))
    }

    // MARK: - Reading

    /// Takes records until the batch is full or no more are there, the first after a wait.
    private func read(_ consumer: ConsumerHandle, _ wait: TimeAmount) {
        var timeout = wait.pollMilliseconds
        let settings = source.settings
        var isEmpty = true
        while open.count < settings.batchSize, open.byteCount < KafkaSource.maxBatchBytes,
            let record = consumer.poll(milliseconds: timeout)
        {
            timeout = 0
            isEmpty = false
            take(record)
        }
        guard !open.isEmpty else {
            if isEmpty { source.counters.empty.add() }
            return
        }
        let age = NIODeadline.now() - open.start
        guard
            open.count >= settings.batchSize || open.byteCount >= KafkaSource.maxBatchBytes
                || age >= .milliseconds(settings.batchMilliseconds)
        else { return }
        source.counters.getTimer.add(Int(age.nanoseconds / 1_000_000))
        putOpen()
    }

    private func putOpen() {
        guard !open.isEmpty else { return }
        let (batch, runs, ends) = open.finish()
        source.put(batch, runs, ends)
    }

    @inline(__always)
    private func take(_ record: borrowing ConsumedRecord) {
        if let failure = record.failure {
            trouble(with: record.topic, failure)
            return
        }
        let place = places.index(of: record)
        var refusal: RecordEvents.Refusal?
        open.add(place, of: places, offset: record.offset, now: .now()) { builder in
            do throws(RecordEvents.Refusal) {
                try events.append(record, from: place, of: places, to: &builder)
                return true
            } catch {
                refusal = error
                return false
            }
        }
        if let refusal { passOver(record, refusal) }
        if hasTopicTroubles { clearTrouble(with: record.topic) }
    }

    /// As in Flume, a record that is no event is left out for good.
    private func passOver(_ record: borrowing ConsumedRecord, _ refusal: RecordEvents.Refusal) {
        source.counters.common.eventReadFail.add()
        let place = "\(record.topic)[\(record.partition)]@\(record.offset)"
        log.warning(
            "a record is no Avro event (useFlumeEventFormat) and is left out",
            metadata: ["record": "\(place)", "error.message": "\(refusal)"]
        )
    }

    // MARK: - Back-pressure

    /// Waits for room, or for the end.
    private func stand(_ consumer: ConsumerHandle, _ now: NIODeadline, atOnce: Bool) {
        let since = standsSince ?? now
        standsSince = since
        let isFull = source.state.withLock { state in
            state.isWaiting = state.queue.isFull(for: source.settings.batchSize) || state.phase == .quiet
            return state.isWaiting
        }
        guard isFull else { return }
        if !isPaused, atOnce || now - since >= Self.patience {
            consumer.pause()
            isPaused = true
        }
        if isPaused {
            if let record = consumer.poll(milliseconds: Self.pausedPoll), !atOnce { take(record) }
        } else {
            takeEvents(of: consumer, milliseconds: max(since + Self.patience - now, .milliseconds(1)).pollMilliseconds)
        }
    }

    private func goOn(_ consumer: ConsumerHandle) {
        standsSince = nil
        guard isPaused else { return }
        consumer.resume()
        isPaused = false
    }

    // MARK: - Rebalances

    /// Whether new partitions are to stand still.
    func rebalance(_ change: Rebalance) -> Bool {
        places.reset()
        events.forgetPlaces()
        switch change {
        case .assigned(let partitions):
            source.logger.info("partitions assigned", metadata: ["partitions": "\(partitions)"])
            source.state.withLock { $0.ledger.assign(partitions) }
        case .revoked(let partitions, let isLost):
            source.logger.info("partitions revoked", metadata: ["partitions": "\(partitions)", "lost": "\(isLost)"])
            revoke(partitions, isLost: isLost)
        }
        return isPaused
    }

    /// Brings to an end what can be, commits what is safe, and forgets the rest.
    private func revoke(_ partitions: [TopicPartition], isLost: Bool) {
        guard let consumer else { return }
        putOpen()
        if !isLost {
            let limit = NIODeadline.now() + Self.revokeLimit
            while mustWait, .now() < limit { takeEvents(of: consumer, milliseconds: 20) }
            let due = source.state.withLock { $0.ledger.takeDue(of: partitions) }
            if !due.isEmpty { settle(consumer.commitNow(due, milliseconds: Self.commitLimit.pollMilliseconds)) }
        }
        // What no sink holds comes back, so that it can be left to whoever reads these partitions next.
        let passages = source.state.withLock { state in
            state.ledger.revoke(partitions)
            state.queue.drop { [ledger = state.ledger] number, partition in !ledger.isCurrent(partition, of: number) }
            let revoked = Set(partitions)
            return state.underWay.values.filter { way in
                way.attempt.parcel.runs.contains { revoked.contains($0.partition) }
            }.compactMap(\.passage)
        }
        for passage in passages { passage.abandon() }
    }

    /// Whether something is on its way that may be acknowledged in a moment.
    private var mustWait: Bool {
        source.state.withLock { state in
            state.isWaiting = state.phase == .running && !state.ledger.isSettled
            return state.isWaiting
        }
    }

    // MARK: - Offsets

    private func commit(_ consumer: ConsumerHandle, _ now: NIODeadline) {
        let due = source.state.withLock { $0.ledger.takeDue() }
        nextCommit = now + Self.commitInterval
        do throws(KafkaFailure) {
            try consumer.commit(due)
            commitStart = now
        } catch {
            settle(CommitOutcome(failed: due, error))
        }
    }

    private func settle(_ outcome: CommitOutcome) {
        if !outcome.committed.isEmpty { act(health.sign(now: .now())) }
        guard let failure = outcome.failure, !outcome.failed.isEmpty else { return }
        source.state.withLock { $0.ledger.refused(outcome.failed) }
        log.warning(
            "offsets could not be committed; their events are in the channels, and may come again after a restart",
            metadata: ["error.message": "\(failure)", "partitions": "\(outcome.failed.map(\.partition))"]
        )
    }

    private func close(_ consumer: ConsumerHandle, _ deadline: NIODeadline) {
        open = OpenBatch()
        let due = source.state.withLock { $0.ledger.takeDue() }
        if !due.isEmpty {
            let limit = min(deadline - .now(), Self.commitLimit)
            settle(consumer.commitNow(due, milliseconds: max(limit, .milliseconds(1)).pollMilliseconds))
        }
        consumer.close()
        self.consumer = nil
        source.dropConsumer()
    }

    // MARK: - Topics

    /// Joins the group for the topics that are named, or for those that match, which are looked for now and then.
    private func subscribe(_ consumer: ConsumerHandle, _ now: NIODeadline) {
        guard let search = nextSearch, search <= now else { return }
        switch source.settings.topics {
        case .named(let names):
            nextSearch = nil
            join(consumer, names)
        case .matching(let pattern):
            do throws(KafkaFailure) {
                let found = try consumer.topics(milliseconds: Self.metadataLimit).filter { pattern.matches($0) }
                    .sorted()
                nextSearch = .now() + (found.isEmpty ? Self.searchInterval : .milliseconds(source.settings.metadataAge))
                if found.isEmpty {
                    trouble(with: "", "no topic at \(source.settings.bootstrapServers) matches \(pattern.pattern)")
                } else {
                    clearTrouble(with: "")
                    if found != topics { join(consumer, found) }
                }
            } catch {
                nextSearch = .now() + Self.searchInterval
            }
        }
    }

    private func join(_ consumer: ConsumerHandle, _ names: [String]) {
        topics = names
        do throws(KafkaFailure) {
            try consumer.subscribe(names)
            source.logger.info("subscribed", metadata: ["topics": "\(names)", "group": "\(source.settings.group)"])
        } catch {
            trouble(with: "", error)
            nextSearch = .now() + Self.searchInterval
        }
    }

    private func trouble(with topic: String, _ failure: KafkaFailure) {
        let subject = topic.isEmpty ? "group \(source.settings.group)" : "topic \(topic)"
        trouble(with: topic, "\(subject) at \(source.settings.bootstrapServers): \(failure)")
    }

    private func trouble(with topic: String, _ text: String) {
        hasTopicTroubles = true
        source.state.withLock { $0.topicTroubles[topic] = text }
        log.warning("a topic cannot be read; it is tried again", key: topic, metadata: ["error.message": "\(text)"])
    }

    private func clearTrouble(with topic: String) {
        hasTopicTroubles = source.state.withLock { state in
            state.topicTroubles[topic] = nil
            return !state.topicTroubles.isEmpty
        }
    }

    // MARK: - Brokers

    /// Looks at what the client has to say, and waits for the first of it.
    private func takeEvents(of consumer: ConsumerHandle, milliseconds: Int32) {
        var timeout = milliseconds
        while let event = consumer.client.poll(milliseconds: timeout) {
            timeout = 0
            take(event)
        }
    }

    private func take(_ event: borrowing ClientEvent) {
        switch event.kind {
        case .commit:
            if let start = commitStart {
                source.counters.commitTimer.add(Int((.now() - start).nanoseconds / 1_000_000))
            }
            commitStart = nil
            settle(event.commit)
        case .error:
            let failure = event.failure
            source.logger.debug("Kafka client error", metadata: ["error.message": "\(failure)"])
            if event.isFatal {
                trouble(with: "", failure)
            } else if failure.isAllBrokersDown {
                health.allBrokersDown(now: .now())
            } else {
                health.error(failure.message)
            }
        case .log:
            if let line = event.logLine {
                source.logger.debug(
                    "Kafka client log",
                    metadata: ["facility": "\(line.facility)", "text": "\(line.text)"]
                )
            }
        case .statistics:
            if let text = event.statistics { source.counters.statistics.take(text) }
        case .deliveries, .other: break
        }
    }

    /// Asks for a sign of life when it is time.
    private func watch(_ consumer: ConsumerHandle, _ now: NIODeadline) {
        guard let time = health.probeTime(isHolding: false), time <= now else { return }
        do throws(KafkaFailure) {
            try consumer.client.probe(milliseconds: Self.probeLimit)
            act(health.sign(now: .now()))
        } catch {
            act(health.probeFailed(error.message, now: .now()))
        }
    }

    private func act(_ action: BrokerHealth.Action) {
        switch action {
        case .none: break
        case .down(let reason):
            let message = "Kafka at \(source.settings.bootstrapServers) cannot be reached: \(reason)"
            source.state.withLock { $0.brokerTrouble = message }
            source.logger.warning("\(message)")
        case .up:
            source.state.withLock { $0.brokerTrouble = nil }
            source.logger.info(
                "Kafka is reached again",
                metadata: ["bootstrap.servers": "\(source.settings.bootstrapServers)"]
            )
        }
    }
}

extension TimeAmount {
    /// For librdkafka's calls; rounded up, so that nobody polls a moment too early.
    var pollMilliseconds: Int32 { Int32(clamping: (nanoseconds + 999_999) / 1_000_000) }
}

extension KafkaSourceSettings {
    /// The events' headers in Flume's order (org.apache.flume.source.kafka.KafkaSource, `doProcess`).
    var origins: [RecordEvents.Header] {
        var origins: [RecordEvents.Header] = [("timestamp", .timestamp, false)]
        if let topicHeader { origins.append((topicHeader, .topic, false)) }
        origins.append(("partition", .partition, false))
        origins.append(("offset", .offset, false))
        origins.append(("key", .key, true))
        for header in eventHeaders { origins.append((header.event, .header(header.record), true)) }
        return origins
    }
}
