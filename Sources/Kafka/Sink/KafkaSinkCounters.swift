internal import Agent

/// What Flume's `KafkaSinkCounter` adds to `SinkCounter`; the common counters are the runner's.
struct KafkaSinkCounters: Sendable {
    /// Milliseconds from a batch's arrival to its acknowledgement, summed.
    let sendTimer: Counter
    /// Batches of which something was given back.
    let rollback: Counter

    /// librdkafka's own numbers.
    let statistics: StatisticsCounters
    /// Events that went to the dead-letter topic.
    let deadLetters: Counter

    init(_ common: SinkCounters) { self.init(common.group) }

    /// In another component's group: a channel writes through a sink of its own, and what it rolls back are takes.
    init(_ group: CounterGroup, rollbacksIn rollbacks: CounterGroup? = nil) {
        sendTimer = group.counter("KafkaEventSendTimer")
        statistics = StatisticsCounters(group)
        deadLetters = group.counter("DeadLetterCount")
        rollback = (rollbacks ?? group).counter("RollbackCount")
    }
}
