import COpenSSL

/// What stands in a PKCS12 file's bags (RFC 7292, 4.2).
struct PKCS12Contents {
    enum Fault: Error {
        case noContainer(String)
        case wrongPassword
        case wrongKeyPassword
        /// An algorithm that the library context in use does not have.
        case unsupported(String)
        case damaged(String)
    }

    private struct Entry {
        let certificate: Certificate
        /// Bears Oracle's mark.
        let isTrusted: Bool
        /// Bears a key's number (`localKeyID`).
        let isOfKey: Bool
    }

    /// Bags may hold bags; nobody's do.
    private static let deepest = 4

    let password: String?
    let legacy: LegacyAlgorithms?
    let readsKeys: Bool
    /// Whether a MAC has shown that the password is the store's: what does not open then is damaged.
    var isProven = false
    private var keys: [PrivateKey] = []
    private var certificates: [Entry] = []
    private var hasKey = false

    init(password: String?, legacy: LegacyAlgorithms?, readsKeys: Bool) {
        self.password = password
        self.legacy = legacy
        self.readsKeys = readsKeys
    }

    /// Java marks a certificate as trusted with Oracle's attribute; in a store without such marks and without a key all
    /// are. Of others, as in Java, only the certificates of the keys are.
    func store(_ path: String, _ use: Store.Use) -> Store {
        let all = self.certificates.map(\.certificate)
        switch use {
        case .identity:
            let key = self.keys.first { key in all.contains { key.matches($0) } } ?? self.keys.first
            let notes = self.keys.count > 1 ? ["\(path) holds \(self.keys.count) private keys; the first is used"] : []
            return Store(path: path, kind: .pkcs12, certificates: all, key: key, notes: notes)
        case .anchors:
            let isMarked = self.hasKey || self.certificates.contains(where: \.isTrusted)
            let anchors = self.certificates.filter { !isMarked || $0.isTrusted || $0.isOfKey }
            return Store(path: path, kind: .pkcs12, certificates: anchors.map(\.certificate))
        }
    }

    mutating func read(_ container: OpaquePointer) throws(Fault) {
        let safes = unsafe PKCS12_unpack_authsafes(container)
        guard let safes = unsafe safes else { throw .damaged(LibraryErrors.take().summary) }
        defer { unsafe COpenSSL_contents_free(safes) }
        for index in 0..<(unsafe COpenSSL_contents_count(safes)) {
            guard let content = unsafe COpenSSL_contents_at(safes, index) else { continue }
            let bags: OpaquePointer?
            if unsafe COpenSSL_is_data(content) == 1 {
                unsafe bags = PKCS12_unpack_p7data(content)
            } else if unsafe COpenSSL_is_encrypted(content) == 1 {
                try unsafe self.checkCost(content.pointee.d.encrypted?.pointee.enc_data?.pointee.algorithm)
                unsafe bags = PKCS12_unpack_p7encdata(content, self.password, self.passwordCount)
            } else {
                continue
            }
            guard let bags = unsafe bags else { throw self.fault(isKey: false) }
            defer { unsafe COpenSSL_bags_free(bags) }
            try unsafe self.read(bags: bags, depth: 0)
        }
    }

    private var passwordCount: Int32 { self.password == nil ? 0 : -1 }

    private mutating func read(bags: OpaquePointer, depth: Int) throws(Fault) {
        guard depth < Self.deepest else { throw .damaged("bags inside bags") }
        for index in 0..<(unsafe COpenSSL_bags_count(bags)) {
            guard let bag = unsafe COpenSSL_bags_at(bags, index) else { continue }
            switch unsafe PKCS12_SAFEBAG_get_nid(bag) {
            case NID_keyBag:
                try unsafe self.addKey(PKCS12_SAFEBAG_get0_p8inf(bag))
            case NID_pkcs8ShroudedKeyBag:
                self.hasKey = true
                guard self.readsKeys else { continue }
                var algorithm: UnsafePointer<X509_ALGOR>?
                unsafe X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, nil)
                try unsafe self.checkCost(algorithm)
                let inner = unsafe PKCS12_decrypt_skey_ex(
                    bag,
                    self.password,
                    self.passwordCount,
                    self.legacy?.context,
                    nil
                )
                guard let inner = unsafe inner else { throw self.fault(isKey: true) }
                defer { unsafe PKCS8_PRIV_KEY_INFO_free(inner) }
                try unsafe self.addKey(inner)
            case NID_certBag:
                guard unsafe PKCS12_SAFEBAG_get_bag_nid(bag) == NID_x509Certificate else { continue }
                guard let certificate = unsafe PKCS12_SAFEBAG_get1_cert(bag) else {
                    throw .damaged("a certificate: \(LibraryErrors.take().summary)")
                }
                let entry = unsafe Entry(
                    certificate: Certificate(owning: certificate),
                    isTrusted: Self.isTrusted(bag),
                    isOfKey: PKCS12_SAFEBAG_get0_attr(bag, NID_localKeyID) != nil
                )
                self.certificates.append(entry)
            case NID_safeContentsBag:
                if let inner = unsafe PKCS12_SAFEBAG_get0_safes(bag) {
                    try unsafe self.read(bags: inner, depth: depth + 1)
                }
            default: continue
            }
        }
    }

    private mutating func addKey(_ info: OpaquePointer?) throws(Fault) {
        self.hasKey = true
        guard self.readsKeys, let info = unsafe info else { return }
        guard let key = unsafe EVP_PKCS82PKEY(info) else {
            throw .damaged("a private key: \(LibraryErrors.take().summary)")
        }
        unsafe self.keys.append(PrivateKey(owning: key))
    }

    /// Oracle's `trustedKeyUsage` (sun.security.pkcs12.PKCS12KeyStore), 2.16.840.1.113894.746875.1.1.
    private static func isTrusted(_ bag: OpaquePointer) -> Bool {
        guard let name = unsafe OBJ_txt2obj("2.16.840.1.113894.746875.1.1", 1) else { return false }
        defer { unsafe ASN1_OBJECT_free(name) }
        return unsafe X509at_get_attr_by_OBJ(PKCS12_SAFEBAG_get0_attrs(bag), name, -1) >= 0
    }

    private func checkCost(_ algorithm: UnsafePointer<X509_ALGOR>?) throws(Fault) {
        if let count = unsafe KeyDerivation.excess(algorithm) {
            throw .damaged("its encryption wants \(count) iterations")
        }
    }

    private func fault(isKey: Bool) -> Fault {
        let errors = LibraryErrors.take()
        if errors.areUnsupported { return .unsupported(errors.summary) }
        if !self.isProven { return .wrongPassword }
        return isKey ? .wrongKeyPassword : .damaged(errors.summary)
    }
}
