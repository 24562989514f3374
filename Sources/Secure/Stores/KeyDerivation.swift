import COpenSSL

/// What the password-based encryption of a key or a bag asks for (RFC 8018, appendix A; RFC 7292, appendix B).
enum KeyDerivation {
    /// The iterations that Java reads (sun.security.pkcs12.PKCS12KeyStore, MAX_ITERATION_COUNT): seconds of a processor.
    static let accepted = 1...5_000_000

    /// The iterations of an encryption, where they are more than anybody means; read before the password is tried.
    static func excess(_ algorithm: UnsafePointer<X509_ALGOR>?) -> Int? {
        guard let algorithm = unsafe algorithm, let count = unsafe self.iterations(algorithm) else { return nil }
        return self.accepted.contains(count) ? nil : count
    }

    /// Nil where the parameters are not of a kind that counts (scrypt, which OpenSSL bounds by memory) or are damaged.
    private static func iterations(_ algorithm: UnsafePointer<X509_ALGOR>) -> Int? {
        var name: OpaquePointer?
        var kind: Int32 = 0
        var value: UnsafeRawPointer?
        unsafe X509_ALGOR_get0(&name, &kind, &value, algorithm)
        guard kind == V_ASN1_SEQUENCE, let value = unsafe value?.assumingMemoryBound(to: ASN1_STRING.self) else {
            return nil
        }
        var start = unsafe ASN1_STRING_get0_data(value)
        let count = unsafe Int(ASN1_STRING_length(value))
        switch unsafe OBJ_obj2nid(name) {
        case NID_pbes2:
            guard let outer = unsafe d2i_PBE2PARAM(nil, &start, count) else { return nil }
            defer { unsafe PBE2PARAM_free(outer) }
            return unsafe self.iterations(outer.pointee.keyfunc)
        case NID_id_pbkdf2:
            guard let inner = unsafe d2i_PBKDF2PARAM(nil, &start, count) else { return nil }
            defer { unsafe PBKDF2PARAM_free(inner) }
            return unsafe ASN1_INTEGER_get(inner.pointee.iter)
        default:
            guard let old = unsafe d2i_PBEPARAM(nil, &start, count) else { return nil }
            defer { unsafe PBEPARAM_free(old) }
            return unsafe ASN1_INTEGER_get(old.pointee.iter)
        }
    }
}
