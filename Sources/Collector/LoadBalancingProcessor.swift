internal import Agent
internal import AvroRPC
internal import NIOCore

/// Flume's load-balancing processor: each delivery to another sink; unlike Flume's, all of them at work at once.
enum LoadBalancingProcessor {
    static let type = TypeEntry(
        alias: "load_balance",
        className: "org.apache.flume.sink.LoadBalancingSinkProcessor",
        keys: [KeySpec("selector"), KeySpec("selector.maxTimeOut"), KeySpec("backoff", form: .boolean)]
    )

    /// With `backoff`: the longest that a failed sink is left out (Flume: OrderSelector).
    private static let maxTimeOut = 30_000
    /// Without it Flume offers work to a failed sink at its every turn; a sink is looked at again this soon.
    private static let withoutBackoff = Backoff(base: .milliseconds(500), maximum: .seconds(1))

    static func make(_ context: SinkProcessorContext) throws(ConfigurationFault) -> SinkProcessor {
        let settings = context.settings
        guard context.sinks.count > 1 else {
            throw settings.fault("type", "`load_balance` needs more than one sink", advice: "use `default` for one")
        }
        let selector = settings.string("selector", default: "round_robin")
        let choice: any PeerChoice
        switch selector.lowercased() {
        case "round_robin": choice = RoundRobinChoice()
        case "random": choice = RandomChoice()
        default:
            let nearest = NearestName.nearest(to: selector.lowercased(), among: ["round_robin", "random"])
            throw settings.fault(
                "selector",
                selector.contains(".")
                    ? "`\(selector)` is a Java class; Tributary cannot load it"
                    : "`\(selector)` is not `round_robin` or `random`",
                advice: nearest.map { "did you mean `\($0)`?" }
            )
        }
        guard settings.bool("backoff", default: false) else {
            return SinkProcessor(choice: choice, backoff: withoutBackoff)
        }
        let limit = try settings.int64("selector.maxTimeOut", default: Int64(maxTimeOut), min: 0)
        return SinkProcessor(choice: choice, backoff: Backoff(base: .seconds(1), maximum: .milliseconds(limit)))
    }
}
