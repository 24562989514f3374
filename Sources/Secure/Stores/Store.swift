import COpenSSL

/// What a store holds, whatever its format, for one of the two uses it can have.
struct Store {
    /// What a store is read for.
    enum Use {
        /// A private key and its certificate, to be shown to peers.
        case identity
        /// Certificates that peers are checked against. Private keys are left alone.
        case anchors
    }

    let path: String
    let kind: StoreType
    let certificates: [Certificate]
    /// The key that is used.
    let key: PrivateKey?
    /// Remarks for whoever wrote the settings.
    var notes: [String]

    init(
        path: String,
        kind: StoreType,
        certificates: [Certificate],
        key: PrivateKey? = nil,
        notes: [String] = []
    ) {
        self.path = path
        self.kind = kind
        self.certificates = certificates
        self.key = key
        self.notes = notes
    }

    /// Reads a store by its content, whatever `reference.type` says; a difference is worth a note.
    init(_ reference: StoreReference, for use: Use) throws(TLSError) {
        let file = try StoreFile(path: reference.path)
        switch file.content {
        case .pem:
            self = try PEMReader(file: file, password: reference.keyPassword ?? reference.password, use: use).read()
        case .der:
            self = try PKCS12Reader(file: file, password: reference.password, use: use).read()
        case .jks, .jceks:
            self = try Store(java: file, password: reference.password, keyPassword: reference.keyPassword, use: use)
        case .unknown:
            let what = file.bytes.isEmpty ? "the file is empty" : "it is neither PEM, PKCS12, JKS nor JCEKS"
            throw TLSError(.unusableStore, "\(file.path) is no key or trust store: \(what)")
        }
        if let type = reference.type, type != self.kind {
            self.notes.insert(
                "\(file.path) is called a \(type) store and is a \(self.kind) store; it is read as one",
                at: 0
            )
        }
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
