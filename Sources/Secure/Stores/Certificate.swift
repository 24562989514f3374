import COpenSSL

/// One owned X509.
@safe final class Certificate {
    let pointer: OpaquePointer

    /// Takes over one reference to `pointer`.
    init(owning pointer: OpaquePointer) {
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
}
