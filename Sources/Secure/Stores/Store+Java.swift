extension Store {
    /// A JKS or JCEKS store.
    ///
    /// As a key store: the first private key and its chain. As a trust store: its trusted certificates and, as in Java
    /// (sun.security.util.TrustStoreUtil), the leaf of each key's chain.
    init(java file: StoreFile, password: String?, keyPassword: String? = nil, use: Use) throws(TLSError) {
        let store = try JavaKeyStore(bytes: file.bytes, path: file.path, password: password)
        let kind = store.kind == .jks ? StoreType.jks : .jceks
        switch use {
        case .anchors:
            var certificates: [Certificate] = []
            for entry in store.entries {
                guard let der = entry.certificates.first else { continue }
                certificates.append(try store.certificate(der, of: entry))
            }
            self.init(path: file.path, kind: kind, certificates: certificates)
        case .identity:
            let keys = store.entries.filter { if case .privateKey = $0.content { true } else { false } }
            guard let entry = keys.first else {
                throw TLSError(.unusableStore, "the key store \(file.path) holds no private key")
            }
            let key = try store.privateKey(of: entry, password: keyPassword ?? password)
            var chain: [Certificate] = []
            for der in entry.certificates { chain.append(try store.certificate(der, of: entry)) }
            let note = "\(file.path) holds \(keys.count) private keys; \(entry.title) is used"
            self.init(path: file.path, kind: kind, certificates: chain, key: key, notes: keys.count > 1 ? [note] : [])
        }
    }
}

extension JavaKeyStore {
    func certificate(_ der: ArraySlice<UInt8>, of entry: JavaKeyStoreEntry) throws(TLSError) -> Certificate {
        if let certificate = Certificate(der: der) { return certificate }
        throw TLSError(
            .unusableStore,
            "the \(self.kind) store \(self.path) is damaged: \(entry.title): its certificate cannot be read"
        )
    }

    /// Flume has no key for a password of the private key's own: it is the store's.
    func privateKey(of entry: JavaKeyStoreEntry, password: String?) throws(TLSError) -> PrivateKey {
        guard let password else {
            throw TLSError(
                .wrongPassword,
                "the \(self.kind) store \(self.path) needs a password for its private key and none is given"
            )
        }
        guard case .privateKey(let item, _) = entry.content else {
            throw TLSError(.unusableStore, "\(entry.title) in \(self.path) is no private key")
        }
        do throws(JavaKeyProtection.Fault) {
            return try JavaKeyProtection(item).open(password: password)
        } catch {
            switch error {
            case .wrongPassword:
                throw TLSError(
                    .wrongPassword,
                    "the store's password does not open the private key, \(entry.title), in \(self.path): give the key "
                        + "the store's password (keytool -keypasswd -keystore \(self.path) -alias ALIAS)"
                )
            case .damaged(let what):
                throw TLSError(
                    .unusableStore,
                    "the \(self.kind) store \(self.path) is damaged: \(entry.title): \(what)"
                )
            }
        }
    }
}
