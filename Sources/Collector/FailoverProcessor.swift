internal import Agent
internal import AvroRPC
internal import NIOCore

/// Flume's failover processor: everything goes to the live sink of the highest priority.
enum FailoverProcessor {
    static let type = TypeEntry(
        alias: "failover",
        className: "org.apache.flume.sink.FailoverSinkProcessor",
        keys: [KeySpec("priority.*"), KeySpec("maxpenalty")]
    )

    /// The longest that a failed sink is left alone when `maxpenalty` is not set or is no number (as in Flume).
    private static let maxPenalty = 30_000
    /// A shorter penalty would keep an agent busy with sinks that are away; Flume's runner pauses 5 s when all are.
    private static let leastPenalty = 250

    static func make(_ context: SinkProcessorContext) throws(ConfigurationFault) -> SinkProcessor {
        var priorities: [Int] = []
        for (place, sink) in context.sinks.enumerated() {
            priorities.append(try context.settings.int("priority.\(sink)", default: -1 - place))
        }
        // 1000 · 2^n for the n-th failure in a row: 2 s, 4 s … `maxpenalty`.
        let penalty = context.settings.intOrDefault("maxpenalty", default: maxPenalty, min: 0) { _ in }
        return SinkProcessor(
            choice: FailoverChoice(priorities: priorities),
            backoff: Backoff(base: .seconds(1), maximum: .milliseconds(Int64(max(penalty, leastPenalty))))
        )
    }
}
