internal import NIOCore

extension RPCClientPlan {
    /// Flume's names of `client.type`, matched in any case.
    private static let types = ["default", "default_failover", "default_loadbalance"]

    /// Reads Flume's client properties.
    ///
    /// - Parameter first: the host `h1`, where the properties do not name it: Flume's Avro sink gives its `hostname` so.
    package init(properties: [String: String], first: RPCEndpoint? = nil) throws(RPCPropertyFault) {
        let reader = PropertyReader(properties)
        let hosts = try Self.hosts(reader, first: first)
        let type = reader.text("client.type") ?? "default"
        switch type.lowercased() {
        case "default":
            self.init(kind: .single, hosts: [hosts[0]])
        case "default_failover":
            let attempts = try reader.number("max-attempts") ?? hosts.count
            self.init(kind: .failover(attempts: attempts < 1 ? hosts.count : attempts), hosts: hosts)
        case "default_loadbalance":
            self.init(kind: try Self.loadBalance(reader, hosts.count), hosts: hosts)
        default:
            throw RPCPropertyFault(
                "client.type",
                type.contains(".")
                    ? "`\(type)` is a Java class; Tributary cannot load it"
                    : "`\(type)` is not a client of Tributary",
                advice: "write " + Self.types.map { "`\($0)`" }.joined(separator: ", ")
            )
        }
        let size = try reader.number("batch-size") ?? batchSize
        if size > 0 { batchSize = size }
        settings.connectTimeout = try reader.milliseconds("connect-timeout") ?? settings.connectTimeout
        settings.requestTimeout = try reader.milliseconds("request-timeout") ?? settings.requestTimeout
        settings.pingTimeout = try reader.milliseconds("ping-timeout") ?? settings.pingTimeout
        if let time = try reader.number("acknowledge-timeout", 1...3_600_000) {
            settings.acknowledgeTimeout = .milliseconds(Int64(time))
        }
        settings.window = try reader.number("window", 1...1024)
        // Flume counts in seconds here; 0 is never.
        life.reset = try reader.seconds("reset-connection-interval")
        life.greatestAge = try reader.seconds("max-connection-age")
        settings.compression = try Self.compression(reader)
    }

    /// `deflate` in any case; everything else is `none`, as in Flume.
    private static func compression(_ reader: PropertyReader) throws(RPCPropertyFault) -> RPCCompression? {
        var compression = RPCCompression()
        compression.level = try reader.number("compression-level", RPCCompression.levels) ?? compression.level
        if let text = reader.text("compression-order") {
            guard let order = RPCCompression.Order(rawValue: text.lowercased()) else {
                throw RPCPropertyFault("compression-order", "`\(text)` is not `outside-tls` or `inside-tls`")
            }
            compression.order = order
        }
        return reader.text("compression-type")?.lowercased() == "deflate" ? compression : nil
    }

    /// The hosts that have an address; a name in `hosts` without one is passed over, as in Flume.
    private static func hosts(_ reader: PropertyReader, first: RPCEndpoint?) throws(RPCPropertyFault) -> [RPCEndpoint] {
        var names = reader.words("hosts")
        if names.isEmpty, first != nil { names = ["h1"] }
        var hosts: [RPCEndpoint] = []
        for name in names {
            let key = "hosts.\(name)"
            guard let text = reader.text(key) else {
                if name == "h1", let first { hosts.append(first) }
                continue
            }
            guard let endpoint = RPCEndpoint(text) else {
                let advice = "an IPv6 address is written [::1]:4141"
                throw RPCPropertyFault(key, "`\(text)` is not HOST:PORT", advice: advice)
            }
            hosts.append(endpoint)
        }
        guard !hosts.isEmpty else {
            throw RPCPropertyFault("hosts", "names no host", advice: "write `hosts = h1` and `hosts.h1 = HOST:PORT`")
        }
        return hosts
    }

    private static func loadBalance(_ reader: PropertyReader, _ count: Int) throws(RPCPropertyFault) -> RPCClientKind {
        guard count > 1 else {
            throw RPCPropertyFault("hosts", "`default_loadbalance` needs at least two hosts; \(count) has an address")
        }
        let name = reader.text("host-selector") ?? RPCClientKind.HostOrder.roundRobin.rawValue
        guard let order = RPCClientKind.HostOrder(rawValue: name.uppercased()) else {
            throw RPCPropertyFault("host-selector", "`\(name)` is not a selector", advice: "ROUND_ROBIN or RANDOM")
        }
        let longest = try reader.number("maxBackoff") ?? 0
        guard reader.flag("backoff") else {
            guard longest <= 0 else {
                throw RPCPropertyFault("maxBackoff", "has no meaning without `backoff`", advice: "set `backoff = true`")
            }
            return .loadBalance(order, backoff: nil)
        }
        // 1000 · 2^n for the n-th failure in a row, 30 s at most by default (OrderSelector).
        let maximum = TimeAmount.milliseconds(Int64(longest > 0 ? longest : 30_000))
        return .loadBalance(order, backoff: Backoff(base: .seconds(1), maximum: maximum))
    }
}
