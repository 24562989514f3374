import COpenSSL

/// What a store of any format holds, as PEM text, for a library that takes nothing else.
package struct StoreText: Sendable {
    /// The anchors, or the one certificate that belongs to the key.
    package let certificates: String
    /// That certificate's issuers as far as the store has them, nearest first.
    package let issuers: String
    /// The private key, without a password; empty for anchors.
    package let key: String
    /// Remarks for whoever wrote the settings.
    package let notes: [String]

    package init(anchorsOf reference: StoreReference) throws(TLSError) {
        let store = try Store(reference, for: .anchors)
        certificates = Self.text(of: try store.anchors())
        issuers = ""
        key = ""
        notes = store.notes
    }

    package init(identityOf reference: StoreReference) throws(TLSError) {
        let store = try Store(reference, for: .identity)
        let identity = try store.identity()
        certificates = Self.text(of: [identity.leaf])
        issuers = Self.text(of: identity.chain)
        key = unsafe Self.printed { bio in
            _ = unsafe PEM_write_bio_PrivateKey(bio, identity.key.pointer, nil, nil, 0, nil, nil)
        }
        notes = store.notes
    }

    private static func text(of certificates: [Certificate]) -> String {
        unsafe printed { bio in
            for certificate in certificates { _ = unsafe PEM_write_bio_X509(bio, certificate.pointer) }
        }
    }

    private static func printed(_ print: (OpaquePointer) -> Void) -> String {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { return "" }
        defer { unsafe BIO_free(bio) }
        unsafe print(bio)
        var bytes: UnsafeMutablePointer<CChar>?
        let count = unsafe COpenSSL_BIO_memory(bio, &bytes)
        guard let start = unsafe bytes, count > 0 else { return "" }
        return unsafe String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    }
}
