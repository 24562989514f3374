import COpenSSL

/// Reads a PKCS12 file (RFC 7292), with the algorithms of today and, through OpenSSL's legacy provider, the RC2 and 3DES
/// of older keytools and OpenSSL 1.
struct PKCS12Reader {
    let file: StoreFile
    let password: String?

    func read() throws(TLSError) -> Store {
        ERR_clear_error()
        defer { ERR_clear_error() }
        let parsed = unsafe self.file.bytes.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return unsafe d2i_PKCS12(nil, &start, bytes.count)
        }
        guard let container = unsafe parsed else {
            throw TLSError(
                .unusableStore,
                "\(self.file.path) is no PKCS12 store, or is damaged: \(LibraryErrors.take().summary)"
            )
        }
        defer { unsafe PKCS12_free(container) }
        try unsafe self.checkPassword(container)
        do {
            return try unsafe self.parse(container)
        } catch  where error.errors.entries.contains(where: { $0.reason == ERR_R_UNSUPPORTED }) {
            // 1: keep what is loaded by default beside it (OSSL_PROVIDER(3)).
            _ = unsafe OSSL_PROVIDER_try_load(nil, "legacy", 1)
            do {
                return try unsafe self.parse(container)
            } catch {
                throw self.unusable(error.errors)
            }
        } catch {
            throw self.unusable(error.errors)
        }
    }

    /// A wrong password and a byte changed inside the container both show as a MAC that differs; the message names both.
    private func checkPassword(_ container: OpaquePointer) throws(TLSError) {
        guard unsafe PKCS12_mac_present(container) == 1 else { return }
        if let password = self.password {
            if unsafe PKCS12_verify_mac(container, password, -1) == 1 { return }
            throw TLSError(
                .wrongPassword,
                "the password given does not open the PKCS12 store \(self.file.path) "
                    + "(if it is right, the file was changed after it was made)"
            )
        }
        guard unsafe PKCS12_verify_mac(container, nil, 0) == 1 || PKCS12_verify_mac(container, "", 0) == 1 else {
            throw TLSError(.wrongPassword, "the PKCS12 store \(self.file.path) needs a password and none is given")
        }
    }

    private struct ParseFailure: Error {
        let errors: LibraryErrors
    }

    private func parse(_ container: OpaquePointer) throws(ParseFailure) -> Store {
        ERR_clear_error()
        var key: OpaquePointer?
        var leaf: OpaquePointer?
        var others: OpaquePointer?
        guard unsafe PKCS12_parse(container, self.password ?? "", &key, &leaf, &others) == 1 else {
            throw ParseFailure(errors: LibraryErrors.take())
        }
        defer { unsafe COpenSSL_certificates_free(others) }
        var certificates: [Certificate] = []
        if let leaf = unsafe leaf { unsafe certificates.append(Certificate(owning: leaf)) }
        for index in 0..<(unsafe COpenSSL_certificates_count(others)) {
            guard let other = unsafe COpenSSL_certificates_at(others, index) else { continue }
            unsafe X509_up_ref(other)
            unsafe certificates.append(Certificate(owning: other))
        }
        let owned = unsafe key.map { unsafe PrivateKey(owning: $0) }
        return Store(path: self.file.path, certificates: certificates, key: owned)
    }

    private func unusable(_ errors: LibraryErrors) -> TLSError {
        TLSError(.unusableStore, "the PKCS12 store \(self.file.path) cannot be read: \(errors.summary)")
    }
}
