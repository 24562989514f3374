/// Where a source listens.
public struct RPCEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// A name or an address, IPv6 without brackets.
    public var host: String
    public var port: Int

    /// - Parameter host: a name or an address; `[::1]` is taken as `::1`.
    public init(host: String, port: Int) {
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        self.port = port
    }

    /// `host:port`, as Flume's `hosts.H` has it: one colon. Flume has no way to write an IPv6 address; here it is `[::1]:4141`.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        guard !host.isEmpty, isBracketed || !host.contains(":"),
            let port = Int(text[text.index(after: colon)...]), (1...65535).contains(port)
        else { return nil }
        self.init(host: String(host), port: port)
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
