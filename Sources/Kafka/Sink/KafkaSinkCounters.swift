internal import Agent

/// What Flume's `KafkaSinkCounter` adds to `SinkCounter`; the common counters are the runner's.
struct KafkaSinkCounters: Sendable {
    /// Milliseconds from a batch's arrival to its acknowledgement, summed.
    let sendTimer: Counter
    /// Batches of which something was given back.
    let rollback: Counter

    init(_ common: SinkCounters) {
        sendTimer = common.group.counter("KafkaEventSendTimer")
        rollback = common.group.counter("RollbackCount")
    }
}
