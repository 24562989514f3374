/// A key or trust store by path: a PEM, PKCS12, JKS or JCEKS file.
///
/// The content decides how the file is read, as in Java, where a PKCS12 file loads under type JKS: `type` is only what
/// the configuration called it.
package struct StoreReference: Hashable, Sendable {
    package var path: String
    /// The store's password, UTF-8; for PEM the password of an encrypted private key.
    package var password: String?
    /// The private key's own password, where it is not the store's.
    package var keyPassword: String?
    package var type: StoreType?

    package init(path: String, password: String? = nil, keyPassword: String? = nil, type: StoreType? = nil) {
        self.path = path
        self.password = password
        self.keyPassword = keyPassword
        self.type = type
    }
}

/// What a configuration may call a store; nil or another type than the file's own is no fault.
package enum StoreType: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case pem
    case pkcs12
    case jks
    case jceks

    /// The type by its Java or OpenSSL name, whatever its case: `JKS`, `JCEKS`, `PKCS12`, `P12`, `PFX`, `PEM`.
    package init?(name: String) {
        switch name.lowercased() {
        case "pem": self = .pem
        case "pkcs12", "p12", "pfx": self = .pkcs12
        case "jks": self = .jks
        case "jceks": self = .jceks
        default: return nil
        }
    }

    package var description: String { self.rawValue.uppercased() }
}
