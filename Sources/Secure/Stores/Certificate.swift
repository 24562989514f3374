import COpenSSL

/// One owned X509.
@safe final class Certificate {
    let pointer: OpaquePointer

    /// Takes over one reference to `pointer`.
    init(owning pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    /// Nil where the bytes are no certificate, or more than one.
    init?(der: ArraySlice<UInt8>) {
        ERR_clear_error()
        defer { ERR_clear_error() }
        let read = unsafe der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var start = bytes.baseAddress
            let certificate = unsafe d2i_X509(nil, &start, bytes.count)
            guard let start = unsafe start, let first = bytes.baseAddress,
                unsafe start == first + bytes.count
            else {
                unsafe X509_free(certificate)
                return nil
            }
            return unsafe certificate
        }
        guard let pointer = unsafe read else { return nil }
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe X509_free(self.pointer)
    }

    var subject: String { unsafe CertificateText.subject(self.pointer) }

    /// Whether `self` issued `other`, by names and key identifiers (`X509_check_issued`).
    func issued(_ other: Certificate) -> Bool {
        unsafe X509_check_issued(self.pointer, other.pointer) == X509_V_OK
    }

    /// False where the certificate says that it signed itself and its signature does not say so; true where that cannot
    /// be told.
    var hasGoodSelfSignature: Bool {
        guard self.issued(self) else { return true }
        ERR_clear_error()
        defer { ERR_clear_error() }
        return unsafe X509_verify(self.pointer, X509_get0_pubkey(self.pointer)) != 0
    }
}
