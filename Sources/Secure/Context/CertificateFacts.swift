import COpenSSL

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// What an operator wants to know of a certificate that is in use.
package struct CertificateFacts: Hashable, Sendable {
    /// RFC 2253, printable ASCII, bounded.
    package let subject: String
    /// Hexadecimal, upper case.
    package let serial: String
    /// Seconds since 1970 at which it begins and ceases to be good.
    package let notBefore: Int64
    package let notAfter: Int64
    /// As `2024-01-31 12:00:00Z`.
    package let notBeforeText: String
    package let notAfterText: String

    init(_ certificate: Certificate) {
        self.subject = certificate.subject
        self.serial = unsafe CertificateText.serial(certificate.pointer)
        self.notBefore = unsafe Self.seconds(X509_get0_notBefore(certificate.pointer))
        self.notAfter = unsafe Self.seconds(X509_get0_notAfter(certificate.pointer))
        self.notBeforeText = unsafe CertificateText.notBefore(certificate.pointer)
        self.notAfterText = unsafe CertificateText.notAfter(certificate.pointer)
    }

    /// A date that cannot be read counts as 1970.
    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        var parts = unsafe tm()
        guard unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
        return unsafe Int64(timegm(&parts))
    }
}
