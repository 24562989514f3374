import COpenSSL

/// The alert with which a peer ended a connection (RFC 8446, 6).
struct PeerAlert {
    let number: Int32

    /// The RFC's name in words, as libssl has it: `certificate expired`, `unknown CA`.
    var name: String { unsafe String(cString: SSL_alert_desc_string_long(self.number)) }

    /// The name and what it means for this side.
    func text(isServer: Bool) -> String {
        let ours = isServer ? "this server's" : "this client's"
        let meaning: String? =
            switch self.number {
            case SSL_AD_HANDSHAKE_FAILURE:
                "no cipher suite or parameter in common, or a certificate that the peer needs is missing"
            case SSL_AD_CERTIFICATE_REQUIRED: "the peer needs a client certificate; set a key store"
            case SSL_AD_UNKNOWN_CA: "the peer's trust store does not hold the CA of \(ours) certificate"
            case SSL_AD_CERTIFICATE_EXPIRED: "the peer finds \(ours) certificate expired or not yet valid"
            case SSL_AD_BAD_CERTIFICATE, SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_CERTIFICATE_UNKNOWN,
                SSL_AD_CERTIFICATE_REVOKED:
                "the peer refuses \(ours) certificate"
            case SSL_AD_PROTOCOL_VERSION: "the peer speaks none of \(ours) TLS versions"
            case SSL_AD_UNRECOGNIZED_NAME: "the peer has no certificate for the name asked for"
            default: nil
            }
        return "the peer sent the alert \"\(self.name)\" (\(self.number))" + (meaning.map { ": \($0)" } ?? "")
    }
}
