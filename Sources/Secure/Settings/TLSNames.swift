import COpenSSL

/// Java's names of protocol versions and cipher suites, as far as they can be told from nonsense.
package enum TLSNames {
    /// The cipher suites that are spoken where no setting says otherwise, by their standard names.
    package static let suites: [String] = {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let context = unsafe SSL_CTX_new(TLS_method()) else { return [] }
        defer { unsafe SSL_CTX_free(context) }
        let all = unsafe SSL_CTX_get_ciphers(context)
        return (0..<(unsafe COpenSSL_ciphers_count(all))).compactMap { index in
            guard let suite = unsafe COpenSSL_ciphers_at(all, index),
                let name = unsafe SSL_CIPHER_standard_name(suite)
            else { return nil }
            return unsafe String(cString: name)
        }
    }()

    /// The protocol versions that are spoken.
    package static var protocols: [String] { TLSVersion.allCases.map(\.rawValue) }

    /// Versions that Java knows, or knew, and that are not spoken here.
    package static let oldProtocols: Set<String> = ["SSLv2Hello", "SSLv2", "SSLv3", "SSL", "TLS", "TLSv1", "TLSv1.1"]

    /// Java names its oldest suites `SSL_RSA_WITH_…`, which the IANA registry calls `TLS_RSA_WITH_…`; IBM's Java names
    /// all so.
    package static func standardSuite(_ name: String) -> String {
        name.hasPrefix("SSL_") ? "TLS_" + name.dropFirst(4) : name
    }

    /// Whether a name is that of a suite that Java knows, or knew, and that is not spoken here: weak, or of a kind that
    /// no certificate here has. The name of the mark against renegotiation, no suite, counts too.
    package static func isOldSuite(_ name: String) -> Bool {
        let words = Set(standardSuite(name).split(separator: "_").map(String.init))
        let old: Set = [
            "RC4", "RC2", "3DES", "DES", "DES40", "IDEA", "NULL", "anon", "EXPORT", "EXPORT1024", "KRB5", "ECDH", "DSS",
            "DH", "FORTEZZA", "SCSV", "SEED", "CAMELLIA", "ARIA", "CCM",
        ]
        return words.contains("TLS") && words.contains { old.contains($0) }
    }
}
