import COpenSSL

/// Opens a private key as JKS and JCEKS stores keep it: an EncryptedPrivateKeyInfo whose algorithm is one of Sun's own.
struct JavaKeyProtection {
    enum Fault: Error {
        case wrongPassword
        case damaged(String)
    }

    /// sun.security.provider.KeyProtector: the key XOR a stream of SHA-1 digests, between a salt and a digest.
    private static let stream = "1.3.6.1.4.1.42.2.17.1.1"
    /// com.sun.crypto.provider.KeyProtector: `MD5TripleDES`.
    private static let tripleDES = "1.3.6.1.4.1.42.2.19.1"

    private let algorithm: String
    private let parameters: [UInt8]
    private let bytes: [UInt8]

    /// - Parameter item: DER of an EncryptedPrivateKeyInfo.
    init(_ item: ArraySlice<UInt8>) throws(Fault) {
        ERR_clear_error()
        defer { ERR_clear_error() }
        let read = unsafe item.withUnsafeBufferPointer { der in
            var start = der.baseAddress
            return unsafe d2i_X509_SIG(nil, &start, der.count)
        }
        guard let outer = unsafe read else { throw .damaged("its key is no EncryptedPrivateKeyInfo") }
        defer { unsafe X509_SIG_free(outer) }
        var identifier: UnsafePointer<X509_ALGOR>?
        var content: UnsafePointer<ASN1_OCTET_STRING>?
        unsafe X509_SIG_get0(outer, &identifier, &content)
        var object: OpaquePointer?
        var type: Int32 = 0
        var value: UnsafeRawPointer?
        unsafe X509_ALGOR_get0(&object, &type, &value, identifier)
        var name = [CChar](repeating: 0, count: 80)
        unsafe OBJ_obj2txt(&name, Int32(name.count), object, 1)
        self.algorithm = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.parameters =
            type == V_ASN1_SEQUENCE
            ? unsafe Self.bytes(value?.assumingMemoryBound(to: ASN1_STRING.self)) : []
        self.bytes = unsafe Self.bytes(content)
    }

    private static func bytes(_ string: UnsafePointer<ASN1_STRING>?) -> [UInt8] {
        guard let string = unsafe string, let start = unsafe ASN1_STRING_get0_data(string) else { return [] }
        return unsafe Array(UnsafeBufferPointer(start: start, count: Int(ASN1_STRING_length(string))))
    }

    func open(password: String) throws(Fault) -> PrivateKey {
        var plain = try self.decrypt(password)
        defer { unsafe plain.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) } }
        ERR_clear_error()
        defer { ERR_clear_error() }
        let read = unsafe plain.withUnsafeBufferPointer { der in
            var start = der.baseAddress
            return unsafe d2i_PKCS8_PRIV_KEY_INFO(nil, &start, der.count)
        }
        guard let inner = unsafe read else {
            // Triple DES has no digest: its padding is right by chance for one wrong password in 256.
            if self.algorithm == Self.tripleDES { throw .wrongPassword }
            throw .damaged("its key is no PrivateKeyInfo")
        }
        defer { unsafe PKCS8_PRIV_KEY_INFO_free(inner) }
        guard let key = unsafe EVP_PKCS82PKEY(inner) else {
            throw .damaged("its key cannot be used: \(LibraryErrors.take().summary)")
        }
        return unsafe PrivateKey(owning: key)
    }

    private func decrypt(_ password: String) throws(Fault) -> [UInt8] {
        switch self.algorithm {
        case Self.stream: return try self.decryptStream(password)
        case Self.tripleDES:
            do throws(MD5TripleDES.Fault) {
                return try MD5TripleDES(parameters: self.parameters[...]).decrypt(self.bytes[...], password: password)
            } catch {
                switch error {
                case .wrongPassword: throw .wrongPassword
                case .unusable(let why): throw .damaged(why)
                }
            }
        default: throw .damaged("its key is encrypted by \(self.algorithm), which no JKS or JCEKS store has")
        }
    }

    /// Salt (20 bytes), the key XOR digests (the first of password and salt, each next one of password and the one
    /// before), the digest of password and key (20 bytes).
    private func decryptStream(_ password: String) throws(Fault) -> [UInt8] {
        let size = Digest.sha1.size
        guard self.bytes.count > 2 * size else { throw .damaged("its key has \(self.bytes.count) bytes") }
        let word = JavaKeyStore.wide(password)
        var plain: [UInt8] = []
        var digest = Array(self.bytes[..<size])
        var offset = size
        while offset < self.bytes.count - size {
            guard let next = Digest.sha1.of(word[...], digest[...]) else { throw .damaged("OpenSSL gives no SHA-1") }
            digest = next
            for byte in digest.prefix(self.bytes.count - size - offset) {
                plain.append(self.bytes[offset] ^ byte)
                offset += 1
            }
        }
        guard let check = Digest.sha1.of(word[...], plain[...]) else { throw .damaged("OpenSSL gives no SHA-1") }
        guard check.elementsEqual(self.bytes[offset...]) else { throw .wrongPassword }
        return plain
    }
}
