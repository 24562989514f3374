import COpenSSL

/// Reads a PKCS12 file (RFC 7292), with or without a MAC: the algorithms of today and, through OpenSSL's legacy
/// provider, the RC2 of older keytools and OpenSSL 1.
struct PKCS12Reader {
    let file: StoreFile
    let password: String?
    let use: Store.Use

    func read() throws(TLSError) -> Store {
        ERR_clear_error()
        defer { ERR_clear_error() }
        do throws(PKCS12Contents.Fault) {
            return try self.read(legacy: nil)
        } catch {
            guard case .unsupported = error else { throw self.explained(error) }
        }
        switch LegacyAlgorithms.shared {
        case .failure(let reason):
            throw TLSError(
                .unusableStore,
                "the PKCS12 store \(self.file.path) is encrypted by an old algorithm, for which OpenSSL's legacy provider "
                    + "is needed (\(reason.message)); make the store anew: openssl pkcs12 -legacy -in \(self.file.path) "
                    + "-out STORE.pem, then openssl pkcs12 -export -in STORE.pem -out STORE.p12"
            )
        case .success(let legacy):
            do throws(PKCS12Contents.Fault) {
                return try self.read(legacy: legacy)
            } catch {
                throw self.explained(error)
            }
        }
    }

    private func read(legacy: LegacyAlgorithms?) throws(PKCS12Contents.Fault) -> Store {
        ERR_clear_error()
        // The container remembers the library context that it is made in.
        var made = unsafe PKCS12_init_ex(NID_pkcs7_data, legacy?.context, nil)
        let parsed = unsafe self.file.bytes.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            // On failure it frees what `made` holds.
            return unsafe d2i_PKCS12(&made, &start, bytes.count)
        }
        guard let container = unsafe parsed else { throw .noContainer(LibraryErrors.take().summary) }
        defer { unsafe PKCS12_free(container) }
        let password = try unsafe self.checkedPassword(container)
        var contents = PKCS12Contents(password: password, legacy: legacy, readsKeys: self.use == .identity)
        contents.isProven = unsafe PKCS12_mac_present(container) == 1
        try unsafe contents.read(container)
        return contents.store(self.file.path, self.use)
    }

    /// The form of the password that the MAC fits: no password may be nothing or an empty text (PKCS12_verify_mac(3)).
    /// Without a MAC, what decrypts decides.
    private func checkedPassword(_ container: OpaquePointer) throws(PKCS12Contents.Fault) -> String? {
        guard unsafe PKCS12_mac_present(container) == 1 else { return self.password }
        var iterations: UnsafePointer<ASN1_INTEGER>?
        unsafe PKCS12_get0_mac(nil, nil, nil, &iterations, container)
        // Absent means 1.
        let count = unsafe iterations == nil ? 1 : ASN1_INTEGER_get(iterations)
        guard KeyDerivation.accepted.contains(count) else {
            throw .damaged("its MAC wants \(count) iterations")
        }
        if let password = self.password, !password.isEmpty {
            if unsafe PKCS12_verify_mac(container, password, -1) == 1 { return password }
        } else {
            if unsafe PKCS12_verify_mac(container, nil, 0) == 1 { return nil }
            if unsafe PKCS12_verify_mac(container, "", 0) == 1 { return "" }
        }
        let errors = LibraryErrors.take()
        if errors.areUnsupported { throw .unsupported(errors.summary) }
        throw .wrongPassword
    }

    /// A wrong password and a byte changed inside the container both show as a MAC that differs; the message names both.
    private func explained(_ fault: PKCS12Contents.Fault) -> TLSError {
        let path = self.file.path
        switch fault {
        case .noContainer(let reason):
            if self.file.isCutDER {
                return TLSError(
                    .unusableStore,
                    "the PKCS12 store \(path) is damaged: it ends in the middle; it was cut off: copy it again"
                )
            }
            return TLSError(.unusableStore, "\(path) is no PKCS12 store, or is damaged: \(reason)")
        case .wrongPassword where self.password == nil:
            return TLSError(.wrongPassword, "the PKCS12 store \(path) needs a password and none is given")
        case .wrongPassword:
            return TLSError(
                .wrongPassword,
                "the password given does not open the PKCS12 store \(path) "
                    + "(if it is right, the file was changed after it was made)"
            )
        case .wrongKeyPassword:
            return TLSError(
                .wrongPassword,
                "the store's password does not open the private key in the PKCS12 store \(path): give the key the "
                    + "store's password"
            )
        case .damaged(let reason), .unsupported(let reason):
            return TLSError(.unusableStore, "the PKCS12 store \(path) cannot be read: \(reason)")
        }
    }
}
