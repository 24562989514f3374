import COpenSSL

/// What a store holds, whatever its format: certificates, and at most one private key that is used.
struct Store {
    let path: String
    let certificates: [Certificate]
    let key: PrivateKey?

    init(_ reference: StoreReference) throws(TLSError) {
        let file = try StoreFile(path: reference.path)
        switch file.content {
        case .pem:
            self = try PEMReader(file: file, password: reference.password).read()
        case .der:
            self = try PKCS12Reader(file: file, password: reference.password).read()
        case .jks, .jceks:
            let kind = if case .jks = file.content { "JKS" } else { "JCEKS" }
            throw TLSError(
                .unusableStore,
                "\(file.path) is a \(kind) store, which is not read here; convert it: keytool -importkeystore "
                    + "-srckeystore \(file.path) -srcstoretype \(kind) -destkeystore \(file.path).p12 "
                    + "-deststoretype PKCS12"
            )
        case .unknown:
            let what = file.bytes.isEmpty ? "the file is empty" : "it is neither PEM nor PKCS12"
            throw TLSError(.unusableStore, "\(file.path) is no key or trust store: \(what)")
        }
    }

    init(path: String, certificates: [Certificate], key: PrivateKey?) {
        self.path = path
        self.certificates = certificates
        self.key = key
    }

    /// The key, the certificate that belongs to it, and that certificate's issuers as far as the store has them, nearest
    /// first. What else the store holds is left out.
    func identity() throws(TLSError) -> (key: PrivateKey, leaf: Certificate, chain: [Certificate]) {
        guard let key = self.key else {
            throw TLSError(.unusableStore, "the key store \(self.path) holds no private key")
        }
        guard !self.certificates.isEmpty else {
            throw TLSError(.unusableStore, "the key store \(self.path) holds no certificate")
        }
        guard let leaf = self.certificates.first(where: { key.matches($0) }) else {
            throw TLSError(
                .unusableStore,
                "the private key in \(self.path) does not match its certificate (\(self.certificates[0].subject))"
            )
        }
        var chain: [Certificate] = []
        var last = leaf
        while !last.issued(last), chain.count < self.certificates.count,
            let next = self.certificates.first(where: { $0 !== last && $0.issued(last) })
        {
            chain.append(next)
            last = next
        }
        return (key, leaf, chain)
    }

    /// The certificates as trust anchors; a store without one is refused, as by Java.
    func anchors() throws(TLSError) -> [Certificate] {
        guard !self.certificates.isEmpty else {
            throw TLSError(.unusableStore, "the trust store \(self.path) holds no certificate")
        }
        return self.certificates
    }
}
