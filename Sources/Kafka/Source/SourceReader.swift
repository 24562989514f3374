internal import Agent
internal import Logging
internal import NIOCore
internal import Synchronization

/// A Kafka source's thread: polls the consumer, builds batches, commits offsets, and watches over the brokers.
///
/// Here its loop and its end; what the loop does is in files by subject: `+Reading`, `+Standing` (back-pressure),
/// `+Rebalance`, `+Offsets`, `+Topics`, `+Brokers`.
// @unchecked: made before the thread starts, and from then on used by it alone (rebalances are told on it too).
final class SourceReader: @unchecked Sendable {
    /// The longest sleep in librdkafka's queue.
    private static let longestPoll = TimeAmount.milliseconds(500)
    /// How long a commit may take that somebody waits for.
    static let commitLimit = TimeAmount.seconds(3)

    unowned let source: KafkaSource
    /// From the thread's start until the reader has closed it: the client's hook holds the reader.
    var consumer: ConsumerHandle?
    var open: OpenBatch
    var health: BrokerHealth
    /// When the source could not go on any more.
    var standsSince: NIODeadline?
    var isPaused = false
    /// When the commit that is out was asked for.
    var commitStart: NIODeadline?
    var nextCommit: NIODeadline
    var topics: [String] = []
    var nextSearch: NIODeadline?
    var hasTopicTroubles = false
    /// Of the topics in trouble, those that are not there.
    var missingTopics: Set<String> = []
    let log: ThrottledLog

    init(_ source: KafkaSource) {
        self.source = source
        let now = NIODeadline.now()
        health = BrokerHealth(now: now)
        nextCommit = now
        nextSearch = now
        log = ThrottledLog(source.logger)
        open = OpenBatch(RecordEvents(source.origins, usesEventFormat: source.settings.usesEventFormat))
    }

    /// Runs until the source stops; leaves the group.
    func serve() {
        guard let consumer = source.currentConsumer() else { return }
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
            act(health.watch(consumer.client, isHolding: false, now: now))
            subscribe(consumer, now)
            if isDue, commitStart == nil, now >= nextCommit { commit(consumer, now) }
            if phase == .quiet || isFull {
                if phase == .quiet { open.clear() }
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
        // The answer to a commit ends the poll.
        if isDue, commitStart == nil { limit = min(limit, nextCommit - now) }
        if let probe = health.probeTime(isHolding: false) { limit = min(limit, probe - now) }
        if let search = nextSearch { limit = min(limit, search - now) }
        return max(limit, .nanoseconds(0))
    }

    private func close(_ consumer: ConsumerHandle, _ deadline: NIODeadline) {
        open.clear()
        let due = source.state.withLock { $0.ledger.takeDue() }
        if !due.isEmpty {
            let limit = min(deadline - .now(), Self.commitLimit)
            settle(consumer.commitNow(due, milliseconds: max(limit, .milliseconds(1)).pollMilliseconds))
        }
        // First, so that nobody wakes it any more.
        source.dropConsumer()
        do throws(KafkaFailure) {
            try consumer.close()
        } catch {
            source.logger.info("Kafka consumer closed with an error", metadata: ["error.message": "\(error)"])
        }
        self.consumer = nil
        source.closed()
    }
}
