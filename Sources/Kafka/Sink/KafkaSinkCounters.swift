internal import Agent

/// Flume's `SinkCounter` with what `KafkaSinkCounter` adds. `BatchCompleteCount` and the connection counters stay 0, as
/// they do in Flume.
struct KafkaSinkCounters: Sendable {
    let common: SinkCounters
    /// Milliseconds from a batch's arrival to its acknowledgement, summed.
    let sendTimer: Counter
    /// Batches of which something was given back.
    let rollback: Counter

    init(_ common: SinkCounters) {
        self.common = common
        sendTimer = common.group.counter("KafkaEventSendTimer")
        rollback = common.group.counter("RollbackCount")
    }
}
