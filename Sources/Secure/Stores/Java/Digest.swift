import COpenSSL

/// A message digest over several pieces; Java's old stores rest on SHA-1 and MD5.
enum Digest {
    case sha1
    case md5

    /// Bytes of the result.
    var size: Int {
        switch self {
        case .sha1: 20
        case .md5: 16
        }
    }

    private var algorithm: OpaquePointer? {
        switch self {
        case .sha1: unsafe EVP_sha1()
        case .md5: unsafe EVP_md5()
        }
    }

    /// Nil where OpenSSL refuses the algorithm, as in FIPS mode.
    func of(_ pieces: ArraySlice<UInt8>...) -> [UInt8]? { self.of(pieces) }

    func of(_ pieces: [ArraySlice<UInt8>]) -> [UInt8]? {
        guard let context = unsafe EVP_MD_CTX_new() else { return nil }
        defer { unsafe EVP_MD_CTX_free(context) }
        guard unsafe EVP_DigestInit_ex(context, self.algorithm, nil) == 1 else { return nil }
        for piece in pieces {
            let done = unsafe piece.withUnsafeBytes { unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
            guard done == 1 else { return nil }
        }
        var result = [UInt8](repeating: 0, count: self.size)
        guard unsafe EVP_DigestFinal_ex(context, &result, nil) == 1 else { return nil }
        return result
    }

    /// `first` digested with `suffix` behind it, the result digested with `suffix` again, `count` times in all.
    func iterated(_ first: ArraySlice<UInt8>, suffix: [UInt8], count: Int) -> [UInt8]? {
        guard let context = unsafe EVP_MD_CTX_new() else { return nil }
        defer { unsafe EVP_MD_CTX_free(context) }
        var value = Array(first)
        for _ in 0..<count {
            guard unsafe EVP_DigestInit_ex(context, self.algorithm, nil) == 1,
                unsafe EVP_DigestUpdate(context, value, value.count) == 1,
                unsafe EVP_DigestUpdate(context, suffix, suffix.count) == 1
            else { return nil }
            if value.count != self.size { value = [UInt8](repeating: 0, count: self.size) }
            guard unsafe EVP_DigestFinal_ex(context, &value, nil) == 1 else { return nil }
        }
        return value
    }
}
