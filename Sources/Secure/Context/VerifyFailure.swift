import COpenSSL

/// Why a peer's certificate failed, captured where OpenSSL finds it: a failed handshake keeps no certificate.
struct VerifyFailure: Sendable {
    /// `X509_V_ERR_*` of x509_vfy.h.
    let error: Int32
    let reason: String
    let subject: String
    let issuer: String
    let notBefore: String
    let notAfter: String
    let names: String

    /// Reports a failure to the connection's `TLSSession`; never changes the verdict.
    static let callback: @convention(c) (Int32, OpaquePointer?) -> Int32 = { verdict, store in
        guard verdict != 1, let store = unsafe store,
            let ssl = unsafe X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
            let owner = unsafe SSL_get_ex_data(OpaquePointer(ssl), TLSSession.ownerIndex)
        else { return verdict }
        let session = unsafe Unmanaged<TLSSession>.fromOpaque(owner).takeUnretainedValue()
        if session.verifyFailure == nil { unsafe session.verifyFailure = VerifyFailure(store) }
        return verdict
    }

    private init(_ store: OpaquePointer) {
        self.error = unsafe X509_STORE_CTX_get_error(store)
        self.reason = unsafe String(cString: X509_verify_cert_error_string(Int(self.error)))
        if let certificate = unsafe X509_STORE_CTX_get_current_cert(store) {
            self.subject = unsafe CertificateText.subject(certificate)
            self.issuer = unsafe CertificateText.issuer(certificate)
            self.notBefore = unsafe CertificateText.notBefore(certificate)
            self.notAfter = unsafe CertificateText.notAfter(certificate)
            self.names = unsafe CertificateText.names(certificate)
        } else {
            (self.subject, self.issuer, self.notBefore, self.notAfter, self.names) = ("", "", "", "", "")
        }
    }

    /// Code and text for the one line a reader gets; `host` is the name that was checked.
    func explained(host: String?) -> (code: TLSError.Code, text: String) {
        switch self.error {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            (.certificateExpired, "the peer's certificate has expired (\(self.subject), notAfter \(self.notAfter))")
        case X509_V_ERR_CERT_NOT_YET_VALID:
            (
                .certificateNotYetValid,
                "the peer's certificate is not yet valid (\(self.subject), notBefore \(self.notBefore)); "
                    + "is this machine's clock right?"
            )
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            (
                .unknownAuthority,
                "the peer's certificate is self-signed and not in the trust store (\(self.subject))"
            )
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            (.unknownAuthority, "the peer's CA is not in the trust store (CA \(self.subject))")
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            (
                .unknownAuthority,
                "the peer's certificate is from a CA that the trust store does not hold "
                    + "(\(self.subject), issuer \(self.issuer))"
            )
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            (
                .hostNameMismatch,
                "the peer's certificate is not for \(host ?? "the host wanted"): it names \(self.names)"
            )
        default:
            (.certificateRejected, "the peer's certificate is refused: \(self.reason) (\(self.subject))")
        }
    }
}
