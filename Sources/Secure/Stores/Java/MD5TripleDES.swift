import COpenSSL

/// Java's own PBEWithMD5AndTripleDES (1.3.6.1.4.1.42.2.19.1; com.sun.crypto.provider.PBES1Core), which protects the keys
/// of a JCEKS store.
///
/// Key and vector: each half of the salt is digested with the password behind it, the digest again with the password,
/// as many times as the parameters say; the 32 bytes that the halves give are the key (24) and the vector (8).
struct MD5TripleDES {
    enum Fault: Error {
        case wrongPassword
        case unusable(String)
    }

    private let salt: [UInt8]
    private let iterations: Int

    /// - Parameter parameters: DER of a PBEParameter (RFC 8018, A.3): salt of 8 bytes, iteration count.
    init(parameters: ArraySlice<UInt8>) throws(Fault) {
        let read = unsafe parameters.withUnsafeBufferPointer { bytes -> ([UInt8], Int)? in
            var start = bytes.baseAddress
            guard let parsed = unsafe d2i_PBEPARAM(nil, &start, bytes.count) else { return nil }
            defer { unsafe PBEPARAM_free(parsed) }
            guard let salt = unsafe ASN1_STRING_get0_data(parsed.pointee.salt) else { return nil }
            let count = unsafe Int(ASN1_STRING_length(parsed.pointee.salt))
            let iterations = unsafe ASN1_INTEGER_get(parsed.pointee.iter)
            return unsafe (Array(UnsafeBufferPointer(start: salt, count: count)), iterations)
        }
        ERR_clear_error()
        guard let (salt, iterations) = read, salt.count == 8, iterations > 0 else {
            throw .unusable("the parameters of its encryption are damaged")
        }
        guard KeyDerivation.accepted.contains(iterations) else {
            let most = KeyDerivation.accepted.upperBound
            throw .unusable("its encryption wants \(iterations) iterations, more than \(most)")
        }
        self.salt = salt
        self.iterations = iterations
    }

    func decrypt(_ bytes: ArraySlice<UInt8>, password: String) throws(Fault) -> [UInt8] {
        // Java takes no other password for this cipher (com.sun.crypto.provider.PBEKey).
        guard password.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else { throw .wrongPassword }
        let salt = self.mixedSalt
        let word = Array(password.utf8)
        guard let first = Digest.md5.iterated(salt[..<4], suffix: word, count: self.iterations),
            let second = Digest.md5.iterated(salt[4...], suffix: word, count: self.iterations)
        else { throw .unusable("OpenSSL gives no MD5: \(LibraryErrors.take().summary)") }
        let derived = first + second
        return try Self.decrypt(bytes, key: Array(derived[..<24]), vector: Array(derived[24...]))
    }

    /// A salt of two equal halves would make two equal halves of the key, so Java turns the first half round; by a slip
    /// of its own it writes the third byte twice instead of the fourth and the third.
    private var mixedSalt: [UInt8] {
        var salt = self.salt
        guard salt[..<4].elementsEqual(salt[4...]) else { return salt }
        for index in 0..<2 {
            let byte = salt[index]
            salt[index] = salt[3 - index]
            salt[2] = byte
        }
        return salt
    }

    private static func decrypt(_ bytes: ArraySlice<UInt8>, key: [UInt8], vector: [UInt8]) throws(Fault) -> [UInt8] {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let context = unsafe EVP_CIPHER_CTX_new() else { throw .unusable("no memory") }
        defer { unsafe EVP_CIPHER_CTX_free(context) }
        guard unsafe EVP_DecryptInit_ex(context, EVP_des_ede3_cbc(), nil, key, vector) == 1 else {
            throw .unusable("OpenSSL gives no triple DES: \(LibraryErrors.take().summary)")
        }
        var plain = [UInt8](repeating: 0, count: bytes.count + 8)
        var count: Int32 = 0
        var rest: Int32 = 0
        // Padding that is wrong shows in the last step.
        let isRight = unsafe plain.withUnsafeMutableBufferPointer { output in
            unsafe bytes.withUnsafeBufferPointer { input in
                guard let target = output.baseAddress,
                    unsafe EVP_DecryptUpdate(context, target, &count, input.baseAddress, Int32(input.count)) == 1
                else { return false }
                return unsafe EVP_DecryptFinal_ex(context, target + Int(count), &rest) == 1
            }
        }
        guard isRight else { throw .wrongPassword }
        plain.removeLast(plain.count - Int(count + rest))
        return plain
    }
}
