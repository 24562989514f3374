import COpenSSL

extension TLSContext {
    /// What was read beside what OpenSSL keeps.
    struct Loaded {
        /// The certificate shown and the chain shown with it.
        var certificates: [CertificateFacts] = []
        var notes: [String] = []
    }

    /// Loads the certificate, its chain and the key to show to peers.
    static func useIdentity(_ reference: StoreReference, in context: OpaquePointer) throws(TLSError) -> Loaded {
        let store = try Store(reference, for: .identity)
        let identity = try store.identity()
        ERR_clear_error()
        guard unsafe SSL_CTX_use_certificate(context, identity.leaf.pointer) == 1,
            unsafe SSL_CTX_use_PrivateKey(context, identity.key.pointer) == 1
        else {
            // Here a key below the security level shows ("ee key too small").
            throw TLSError(
                .unusableStore,
                "the certificate \(identity.leaf.subject) in \(reference.path) cannot be used: "
                    + LibraryErrors.take().summary
            )
        }
        for certificate in identity.chain {
            guard unsafe COpenSSL_CTX_add_chain(context, certificate.pointer) == 1 else {
                throw TLSError(
                    .unusableStore,
                    "the certificate \(certificate.subject) in \(reference.path) cannot be used: "
                        + LibraryErrors.take().summary
                )
            }
        }
        let all = [identity.leaf] + identity.chain
        return Loaded(certificates: all.map { CertificateFacts($0) }, notes: store.notes)
    }

    /// Loads the anchors that peers are checked against; nil means the system's. `namedToClients` puts them in a
    /// server's request for a certificate, so that a client with several can choose.
    static func useAnchors(
        _ reference: StoreReference?,
        in context: OpaquePointer,
        namedToClients: Bool
    ) throws(TLSError) -> [String] {
        guard let anchors = unsafe SSL_CTX_get_cert_store(context) else { return [] }
        guard let reference else {
            unsafe SSL_CTX_set_default_verify_paths(context)
            ERR_clear_error()
            return []
        }
        // As in Java, any certificate of the trust store is an anchor, not only self-signed ones.
        unsafe X509_STORE_set_flags(anchors, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        let store = try Store(reference, for: .anchors)
        for certificate in try store.anchors() {
            ERR_clear_error()
            guard unsafe X509_STORE_add_cert(anchors, certificate.pointer) == 1 else {
                throw TLSError(
                    .unusableStore,
                    "the certificate \(certificate.subject) in \(reference.path) cannot be used: "
                        + LibraryErrors.take().summary
                )
            }
            if namedToClients { unsafe SSL_CTX_add_client_CA(context, certificate.pointer) }
        }
        return store.notes
    }
}
