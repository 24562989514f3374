internal import Agent

/// What Flume's `KafkaSourceCounter` adds to `SourceCounter`.
struct KafkaSourceCounters: Sendable {
    let common: SourceCounters
    /// Milliseconds that batches took to fill, summed.
    let getTimer: Counter
    /// Milliseconds that commits of offsets took, summed.
    let commitTimer: Counter
    /// librdkafka's own numbers.
    let statistics: StatisticsCounters
    /// Times when nothing came for as long as a batch may take.
    let empty: Counter

    /// - Parameter timers: where a channel's timers are, which has a source inside.
    init(_ common: SourceCounters, timersIn timers: CounterGroup? = nil) {
        self.common = common
        getTimer = (timers ?? common.group).counter("KafkaEventGetTimer")
        commitTimer = (timers ?? common.group).counter("KafkaCommitTimer")
        // A channel shows those of its producer.
        statistics = StatisticsCounters(common.group)
        empty = common.group.counter("KafkaEmptyCount")
    }
}
