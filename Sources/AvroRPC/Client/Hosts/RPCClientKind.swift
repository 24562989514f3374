/// What a client does with its hosts (Flume's `client.type`).
package enum RPCClientKind: Hashable, Sendable {
    /// `default`: the one host; a failure is the call's.
    case single
    /// `default_failover`: one host until it fails, then the next in order that accepts a connection.
    ///
    /// - Parameter attempts: hosts that a call is given to at most.
    case failover(attempts: Int)
    /// `default_loadbalance`: each call to another host; where that fails, to each of the others once.
    ///
    /// - Parameter backoff: how long a host that failed is left out; `nil`: it has its turn again at once.
    case loadBalance(HostOrder, backoff: Backoff?)

    /// `host-selector`.
    package enum HostOrder: String, Hashable, Sendable, CaseIterable {
        case roundRobin = "ROUND_ROBIN"
        case random = "RANDOM"

        var choice: any PeerChoice {
            switch self {
            case .roundRobin: RoundRobinChoice()
            case .random: RandomChoice()
            }
        }
    }
}
