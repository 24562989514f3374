import COpenSSL

/// One owned EVP_PKEY.
@safe final class PrivateKey {
    let pointer: OpaquePointer

    /// Takes over one reference to `pointer`.
    init(owning pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe EVP_PKEY_free(self.pointer)
    }

    func matches(_ certificate: Certificate) -> Bool {
        ERR_clear_error()
        defer { ERR_clear_error() }
        return unsafe X509_check_private_key(certificate.pointer, self.pointer) == 1
    }
}
