/// A client as its properties describe it: which hosts, in which way, how patiently.
package struct RPCClientPlan: Hashable, Sendable {
    package var kind: RPCClientKind
    /// At least one; in Flume's order of `hosts`.
    package var hosts: [RPCEndpoint]
    /// Events of one call at most.
    package var batchSize = 100
    package var settings = RPCClientSettings()
    package var life = ConnectionLife()

    package init(kind: RPCClientKind, hosts: [RPCEndpoint]) {
        self.kind = kind
        self.hosts = hosts
    }
}

/// What is wrong with a property of a client.
package struct RPCPropertyFault: Error, Hashable, Sendable, CustomStringConvertible {
    package var key: String
    package var message: String
    package var advice: String?

    init(_ key: String, _ message: String, advice: String? = nil) {
        self.key = key
        self.message = message
        self.advice = advice
    }

    package var description: String { "`\(key)`: \(message)" + (advice.map { "; \($0)" } ?? "") }
}
