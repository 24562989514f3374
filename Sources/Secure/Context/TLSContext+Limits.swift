import COpenSSL

extension TLSContext {
    /// Sets versions and suites; returns the versions left, oldest first.
    static func apply(_ limits: TLSLimits, to context: OpaquePointer) throws(TLSError) -> [TLSVersion] {
        var versions = TLSVersion.allCases.filter { version in
            (limits.includeProtocols.isEmpty || limits.includeProtocols.contains(version.rawValue))
                && !limits.excludeProtocols.contains(version.rawValue)
        }
        guard !versions.isEmpty else {
            throw TLSError(
                .unusableSettings,
                "no TLS version is left: TLSv1.2 and TLSv1.3 are spoken here, include-protocols is "
                    + "\(Self.list(limits.includeProtocols)) and exclude-protocols \(Self.list(limits.excludeProtocols))"
            )
        }
        if !limits.includeCipherSuites.isEmpty || !limits.excludeCipherSuites.isEmpty {
            let suites = try unsafe self.applySuites(limits, to: context)
            versions = versions.filter { $0 == .v13 ? suites.modern : suites.classic }
            guard !versions.isEmpty else {
                throw TLSError(
                    .unusableSettings,
                    "the cipher suites left belong to a TLS version that the protocol settings leave out"
                )
            }
        }
        unsafe COpenSSL_CTX_set_min_version(context, versions[0].number)
        unsafe COpenSSL_CTX_set_max_version(context, versions[versions.count - 1].number)
        return versions
    }

    /// Filters OpenSSL's default suites, keeping their order; tells whether any is left for TLSv1.3 (`modern`) and for
    /// TLSv1.2 (`classic`).
    private static func applySuites(
        _ limits: TLSLimits,
        to context: OpaquePointer
    ) throws(TLSError) -> (modern: Bool, classic: Bool) {
        let included = Set(limits.includeCipherSuites.map(TLSNames.standardSuite))
        let excluded = Set(limits.excludeCipherSuites.map(TLSNames.standardSuite))
        var modern: [String] = []
        var classic: [String] = []
        let all = unsafe SSL_CTX_get_ciphers(context)
        for index in 0..<(unsafe COpenSSL_ciphers_count(all)) {
            guard let suite = unsafe COpenSSL_ciphers_at(all, index),
                let standard = unsafe SSL_CIPHER_standard_name(suite),
                let own = unsafe SSL_CIPHER_get_name(suite)
            else { continue }
            let name = unsafe String(cString: standard)
            guard included.isEmpty || included.contains(name), !excluded.contains(name) else { continue }
            // Only TLSv1.3's suites leave key exchange and authentication open (RFC 8446, B.4).
            if unsafe SSL_CIPHER_get_kx_nid(suite) == NID_kx_any {
                unsafe modern.append(String(cString: own))
            } else {
                unsafe classic.append(String(cString: own))
            }
        }
        guard !modern.isEmpty || !classic.isEmpty else {
            throw TLSError(
                .unusableSettings,
                "no cipher suite is left: include-cipher-suites is \(self.list(limits.includeCipherSuites)) and "
                    + "exclude-cipher-suites \(self.list(limits.excludeCipherSuites))"
            )
        }
        ERR_clear_error()
        if !modern.isEmpty { unsafe SSL_CTX_set_ciphersuites(context, modern.joined(separator: ":")) }
        if !classic.isEmpty { unsafe SSL_CTX_set_cipher_list(context, classic.joined(separator: ":")) }
        return (!modern.isEmpty, !classic.isEmpty)
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "empty" : "\"\(names.joined(separator: " "))\""
    }
}
