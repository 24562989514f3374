import COpenSSL

/// What a log line says of a certificate. All text is printable ASCII and at most `limit` bytes: a peer chose it.
enum CertificateText {
    static let limit = 512

    /// The subject in RFC 2253 form, `CN=edge1,O=Example`.
    static func subject(_ certificate: OpaquePointer) -> String {
        unsafe self.name(X509_get_subject_name(certificate))
    }

    /// The issuer in RFC 2253 form.
    static func issuer(_ certificate: OpaquePointer) -> String {
        unsafe self.name(X509_get_issuer_name(certificate))
    }

    /// As `2024-01-31 12:00:00Z`.
    static func notBefore(_ certificate: OpaquePointer) -> String {
        unsafe self.time(X509_get0_notBefore(certificate))
    }

    /// As `2024-01-31 12:00:00Z`.
    static func notAfter(_ certificate: OpaquePointer) -> String {
        unsafe self.time(X509_get0_notAfter(certificate))
    }

    /// The serial number in hexadecimal, as `openssl x509 -serial` prints it.
    static func serial(_ certificate: OpaquePointer) -> String {
        guard let number = unsafe X509_get0_serialNumber(certificate) else { return "" }
        let count = unsafe min(Int(ASN1_STRING_length(number)), 64)
        guard count > 0, let start = unsafe ASN1_STRING_get0_data(number) else { return "00" }
        let digits = Array("0123456789ABCDEF")
        let bytes = unsafe UnsafeBufferPointer(start: start, count: count)
        return unsafe String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    /// The names a host is checked against: `DNS:a.example, IP Address:10.0.0.1`; the subject where no alternative name
    /// stands.
    static func names(_ certificate: OpaquePointer) -> String {
        let position = unsafe X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1)
        guard position >= 0 else { return unsafe self.subject(certificate) }
        return unsafe self.printed { bio in
            unsafe X509V3_EXT_print(bio, X509_get_ext(certificate, position), 0, 0)
        }
    }

    private static func name(_ name: OpaquePointer?) -> String {
        let text = unsafe self.printed { bio in
            unsafe X509_NAME_print_ex(bio, name, 0, COpenSSL_rfc2253())
        }
        return text.isEmpty ? "no subject" : text
    }

    private static func time(_ time: UnsafePointer<ASN1_TIME>?) -> String {
        var parts = unsafe tm()
        guard unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return "a date that cannot be read" }
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let date = unsafe "\(parts.tm_year + 1_900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
        return unsafe "\(date) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }

    /// What `print` writes to a memory BIO, made safe for a log line.
    private static func printed(_ print: (OpaquePointer) -> Int32) -> String {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { return "" }
        defer { unsafe BIO_free(bio) }
        // The caller may still have to read the error that this text is for.
        ERR_set_mark()
        _ = unsafe print(bio)
        ERR_pop_to_mark()
        var bytes: UnsafeMutablePointer<CChar>?
        let count = unsafe COpenSSL_BIO_memory(bio, &bytes)
        guard let start = unsafe bytes, count > 0 else { return "" }
        let raw = unsafe UnsafeRawBufferPointer(start: start, count: min(count, Self.limit))
        let clean = unsafe raw.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }
        return String(decoding: clean, as: Unicode.ASCII.self) + (count > Self.limit ? "…" : "")
    }
}
