internal import AvroRPC
internal import Logging
internal import Synchronization

/// What an Avro source tells of its peers' breaches: a counter for each class, `ConnectionFailedCount` for the
/// connections that ended by one, and a log line for each class that a flood cannot repeat without end.
final class BreachCounters: Sendable {
    private let counters: [RPCBreach: Counter]
    private let failedConnections: Counter
    private let log: ThrottledLog

    init(_ group: CounterGroup, _ logger: Logger) {
        counters = Dictionary(uniqueKeysWithValues: RPCBreach.allCases.map { ($0, group.counter($0.counterName)) })
        failedConnections = group.counter("ConnectionFailedCount")
        log = ThrottledLog(logger)
    }

    func add(_ rejection: RPCRejection, peer: String) {
        let breach = rejection.breach
        counters[breach]?.add()
        if !breach.leavesConnection { failedConnections.add() }
        log.warning(
            breach.leavesConnection ? "call answered with an error" : "connection closed",
            key: breach.rawValue,
            metadata: ["peer": "\(peer)", "breach": "\(breach.rawValue)", "reason": "\(rejection.message)"]
        )
    }
}
