/// How a server speaks TLS.
package struct TLSServerSettings: Hashable, Sendable {
    /// The certificate chain and private key shown to clients.
    package var keyStore: StoreReference
    /// The CAs that client certificates are checked against; nil means the system's. Read only when
    /// `clientAuthentication` is not `.none`.
    package var trustStore: StoreReference?
    package var clientAuthentication: TLSClientAuthentication
    package var limits: TLSLimits
    /// Seconds between looks at the stores' files for changes; 0: read once, as Flume does.
    package var reloadSeconds: Int

    package init(
        keyStore: StoreReference,
        trustStore: StoreReference? = nil,
        clientAuthentication: TLSClientAuthentication = .none,
        limits: TLSLimits = TLSLimits(),
        reloadSeconds: Int = 10
    ) {
        self.keyStore = keyStore
        self.trustStore = trustStore
        self.clientAuthentication = clientAuthentication
        self.limits = limits
        self.reloadSeconds = reloadSeconds
    }
}

/// Whether a server asks its clients for a certificate. A certificate that is shown must be good in both asking modes.
package enum TLSClientAuthentication: String, Hashable, Sendable {
    /// Not asked for (all that Flume's Avro source can do).
    case none
    /// Asked for; a client without one is let in.
    case want
    /// Asked for; a client without one is refused.
    case need
}
