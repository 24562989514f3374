import COpenSSL

/// AES in counter mode (NIST SP 800-38A, 6.5) with one key: hides bytes, and tells nothing of whether they were changed.
///
/// `@unchecked Sendable`: one thread at a time uses it, as its owner sees to.
@safe
package final class CounterCipher: @unchecked Sendable {
    /// Bytes of a key: AES-128, AES-192, AES-256.
    package static let keySizes = [16, 24, 32]

    private let context: OpaquePointer

    /// Throws `unusableSettings` where the key has another size or OpenSSL gives no AES.
    package init(key: [UInt8]) throws(TLSError) {
        TLSLibrary.prepare()
        let cipher = unsafe Self.cipher(key.count)
        guard unsafe cipher != nil else {
            throw TLSError(.unusableSettings, "an AES key has 16, 24 or 32 bytes, not \(key.count)")
        }
        guard let context = unsafe EVP_CIPHER_CTX_new() else { throw TLSError(.unusableSettings, "no memory for AES") }
        unsafe self.context = context
        guard unsafe EVP_EncryptInit_ex(context, cipher, nil, key, nil) == 1 else {
            throw TLSError(.unusableSettings, "OpenSSL gives no AES: \(LibraryErrors.take().summary)")
        }
    }

    deinit {
        unsafe EVP_CIPHER_CTX_free(self.context)
    }

    private static func cipher(_ size: Int) -> OpaquePointer? {
        switch size {
        case 16: unsafe EVP_aes_128_ctr()
        case 24: unsafe EVP_aes_192_ctr()
        case 32: unsafe EVP_aes_256_ctr()
        default: nil
        }
    }

    /// Writes `input`, hidden or shown again, to `output`, which has at least its length and may be the same memory.
    ///
    /// - Parameter counter: the first counter block, 16 bytes; each further block of 16 bytes has the next number. No number
    ///   may come twice under one key.
    package func apply(
        counter: [UInt8],
        to input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) {
        var count: Int32 = 0
        var isDone = unsafe EVP_EncryptInit_ex(self.context, nil, nil, nil, counter) == 1
        if isDone, let source = input.baseAddress, let target = output.baseAddress {
            unsafe isDone =
                EVP_EncryptUpdate(
                    self.context,
                    target.assumingMemoryBound(to: UInt8.self),
                    &count,
                    source.assumingMemoryBound(to: UInt8.self),
                    Int32(input.count)
                ) == 1
        }
        // Nothing that a file or a peer holds gets here, and going on would write what must be hidden.
        precondition(isDone && Int(count) == input.count, "OpenSSL does not encrypt")
    }
}
