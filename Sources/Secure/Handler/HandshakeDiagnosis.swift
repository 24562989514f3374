import COpenSSL

/// Turns what is known of a failed handshake, or of a failure on an open connection, into one error with one line.
struct HandshakeDiagnosis {
    let isServer: Bool
    /// `10.0.0.5:4141`.
    let peer: String
    /// Whether the handshake had been completed.
    let wasOpen: Bool
    /// The first bytes the peer ever sent, at most `firstBytesLimit`.
    let firstBytes: [UInt8]
    /// The name the certificate was checked for.
    let host: String?
    let versions: [TLSVersion]
    let verifyFailure: VerifyFailure?
    /// The ClientHello's version on a server, 0 when none was read.
    let offeredVersion: Int32

    static let firstBytesLimit = 8

    func failed(_ errors: LibraryErrors) -> TLSError {
        if let plain = self.plainText { return self.error(.plainText, plain) }
        let reasons = errors.sslReasons
        if reasons.contains(SSL_R_CERTIFICATE_VERIFY_FAILED), let failure = self.verifyFailure {
            let (code, text) = failure.explained(host: self.host)
            return self.error(code, text)
        }
        // An alert's reason is 1000 plus its number (ssl.h, SSL_AD_REASON_OFFSET).
        if let alert = reasons.first(where: { $0 >= SSL_AD_REASON_OFFSET && $0 < SSL_AD_REASON_OFFSET + 256 }) {
            return self.error(.peerAlert, PeerAlert(number: alert - SSL_AD_REASON_OFFSET).text(isServer: self.isServer))
        }
        for reason in reasons {
            switch reason {
            case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
                return self.error(.certificateMissing, "the peer showed no client certificate, and one is needed here")
            case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_WRONG_SSL_VERSION, SSL_R_VERSION_TOO_LOW,
                SSL_R_NO_PROTOCOLS_AVAILABLE, SSL_R_BAD_PROTOCOL_VERSION_NUMBER:
                return self.error(.protocolVersion, self.versionText)
            case SSL_R_NO_SHARED_CIPHER, SSL_R_WRONG_CIPHER_RETURNED, SSL_R_UNKNOWN_CIPHER_RETURNED:
                return self.error(.cipherMismatch, "no cipher suite in common with the peer")
            case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
                return self.error(.cipherMismatch, "no signature algorithm in common with the peer")
            case SSL_R_NO_SHARED_GROUPS, SSL_R_NO_SUITABLE_KEY_SHARE:
                return self.error(.cipherMismatch, "no key exchange group in common with the peer")
            default:
                continue
            }
        }
        return self.error(.protocolViolation, "the peer's bytes break the protocol: \(errors.summary)")
    }

    /// The stream ended, or broke with `cause`, before the handshake was complete.
    func closed(cause: String?) -> TLSError {
        if let plain = self.plainText { return self.error(.plainText, plain) }
        let how = cause.map { " (\($0))" } ?? ""
        if self.isServer || !self.firstBytes.isEmpty {
            return self.error(.closedInHandshake, "the peer closed the connection in mid-handshake\(how)")
        }
        return self.error(
            .closedInHandshake,
            "the peer closed the connection in mid-handshake without a byte of answer\(how); does its port speak TLS?"
        )
    }

    func timedOut(_ limit: String) -> TLSError {
        if let plain = self.plainText { return self.error(.plainText, plain) }
        let heard = self.firstBytes.isEmpty ? "; the peer sent nothing" : ""
        return self.error(.handshakeTimeout, "not complete after \(limit)\(heard)")
    }

    private func error(_ code: TLSError.Code, _ text: String) -> TLSError {
        TLSError(code, self.wasOpen ? "TLS connection with \(self.peer) failed: \(text)" : self.handshakeLine(text))
    }

    private func handshakeLine(_ text: String) -> String { "TLS handshake with \(self.peer) failed: \(text)" }

    private var versionText: String {
        let ours = self.versions.map(\.rawValue).joined(separator: " and ")
        if self.offeredVersion > 0 && self.offeredVersion < TLS1_2_VERSION {
            return "the peer offers at most \(TLSVersion.name(self.offeredVersion)), spoken here is \(ours)"
        }
        return "no TLS version in common with the peer, spoken here is \(ours)"
    }
}

// MARK: Plain text

extension HandshakeDiagnosis {
    /// Nil when the peer's first bytes are a TLS record or there are none.
    private var plainText: String? {
        guard let first = self.firstBytes.first, !self.looksLikeTLS else { return nil }
        let what =
            switch first {
            case 0x00 where !self.firstBytes.dropFirst().prefix(1).contains { $0 != 0 }: "an Avro RPC frame"
            case 0x78: "deflate (Flume 1.10 and 1.11 put it outside TLS; is `compression-type` set here?)"
            case UInt8(ascii: "<"): "syslog"
            case _ where self.isHTTP: "HTTP"
            default: "no TLS record"
            }
        let bytes = self.firstBytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
        return self.isServer
            ? "the peer speaks plain text on this TLS port: its first bytes are \(what) (\(bytes))"
            : "the peer does not speak TLS on this port: its answer is \(what) (\(bytes))"
    }

    /// Handshake 22 or alert 21, then major version 3 (RFC 8446, 5.1); or an SSLv2 ClientHello as an old client's first
    /// message (RFC 5246, E.2).
    private var looksLikeTLS: Bool {
        switch self.firstBytes[0] {
        case 21, 22: self.firstBytes.count < 2 || self.firstBytes[1] == 3
        case 0x80...: self.isServer && self.firstBytes.count > 2 && self.firstBytes[2] == 1
        default: false
        }
    }

    private var isHTTP: Bool {
        let text = String(decoding: self.firstBytes, as: UTF8.self)
        return ["GET ", "POST ", "PUT ", "HEAD ", "OPTIONS ", "DELETE ", "PATCH ", "CONNECT ", "HTTP/", "PRI * "]
            .contains { text.hasPrefix($0) || $0.hasPrefix(text) && text.count > 2 }
    }
}
