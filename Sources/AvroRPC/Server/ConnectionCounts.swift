/// How many connections there are, in all and from each address.
struct ConnectionCounts {
    private let most: Int
    private let mostPerAddress: Int
    private var total = 0
    private var byAddress: [String: Int] = [:]

    init(_ limits: RPCLimits) {
        most = limits.connections ?? .max
        mostPerAddress = limits.connectionsPerAddress ?? .max
    }

    /// Counts one more from `address`, or says which limit forbids it.
    mutating func admit(_ address: String) -> RPCRejection? {
        guard total < most else { return RPCRejection(.connections, "\(total) connections are open, the limit") }
        let same = byAddress[address] ?? 0
        guard same < mostPerAddress else {
            return RPCRejection(.addressConnections, "\(same) connections are open from this address, the limit")
        }
        total += 1
        if mostPerAddress != .max { byAddress[address] = same + 1 }
        return nil
    }

    /// One from `address` that was admitted is closed.
    mutating func leave(_ address: String) {
        total -= 1
        guard let same = byAddress[address] else { return }
        byAddress[address] = same > 1 ? same - 1 : nil
    }
}
