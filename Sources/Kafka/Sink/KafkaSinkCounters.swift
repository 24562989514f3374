internal import Agent

/// What Flume's `KafkaSinkCounter` adds to `SinkCounter`; the common counters are the runner's.
struct KafkaSinkCounters: Sendable {
    /// Milliseconds from a batch's arrival to its acknowledgement, summed.
    let sendTimer: Counter
    /// Batches of which something was given back.
    let rollback: Counter

    /// Events that went to the dead-letter topic.
    let deadLetters: Counter

    init(_ common: SinkCounters) {
        sendTimer = common.group.counter("KafkaEventSendTimer")
        deadLetters = common.group.counter("DeadLetterCount")
        rollback = common.group.counter("RollbackCount")
    }
}
