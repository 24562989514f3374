/// Fired once as a user inbound event when the handshake is complete, before any plaintext.
package struct TLSHandshakeCompleted: Hashable, Sendable {
    /// `TLSv1.2` or `TLSv1.3`.
    package let protocolName: String
    /// The suite's IANA name, `TLS_AES_256_GCM_SHA384`.
    package let cipher: String
    /// The subject of the peer's certificate, RFC 2253; nil when it showed none.
    package let peerSubject: String?
    /// Its serial number in upper-case hexadecimal; nil as above.
    package let peerSerial: String?
    /// On a server: the name the client asked for (SNI), if any.
    package let serverName: String?
}

/// Fired once as a user inbound event when the peer has ended its side of an open connection, after its last plaintext.
package struct TLSPeerClosed: Hashable, Sendable {
    /// False when the connection ended without close_notify: what came last may have been cut off.
    package let closedCleanly: Bool
}
