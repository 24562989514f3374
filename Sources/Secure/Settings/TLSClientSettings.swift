/// How a client speaks TLS.
package struct TLSClientSettings: Hashable, Sendable {
    /// The CAs that the server's certificate is checked against; nil means the system's.
    package var trustStore: StoreReference?
    /// The client certificate and key, shown to a server that asks.
    package var keyStore: StoreReference?
    /// Whether the server's certificate must name the host connected to. Flume's RPC clients never check it.
    package var verifyHostname: Bool
    /// Accepts every certificate (Flume's `trust-all-certs`); the trust store is then not read and no name is checked.
    package var trustAll: Bool
    package var limits: TLSLimits
    /// Seconds between looks at the stores' files for changes; 0: read once, as Flume does.
    package var reloadSeconds: Int

    package init(
        trustStore: StoreReference? = nil,
        keyStore: StoreReference? = nil,
        verifyHostname: Bool = true,
        trustAll: Bool = false,
        limits: TLSLimits = TLSLimits(),
        reloadSeconds: Int = 10
    ) {
        self.trustStore = trustStore
        self.keyStore = keyStore
        self.verifyHostname = verifyHostname
        self.trustAll = trustAll
        self.limits = limits
        self.reloadSeconds = reloadSeconds
    }
}
