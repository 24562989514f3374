import COpenSSL

/// OpenSSL's old algorithms (RC2, which PKCS12 files had until OpenSSL 3 and JDK 8u301), in a library context of their
/// own: the rest of the process, and TLS in it, never gets them.
///
/// Made when the first old file is read, and kept: a context holds providers, not keys.
///
/// `@unchecked Sendable`: the context is written by `init` alone; reading it is thread-safe (OSSL_LIB_CTX(3)).
@safe final class LegacyAlgorithms: @unchecked Sendable {
    let context: OpaquePointer

    /// Nil, with OpenSSL's reason, where the machine has no legacy provider.
    static let shared: Result<LegacyAlgorithms, TLSError> = {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let context = unsafe OSSL_LIB_CTX_new() else { return .failure(TLSError(.unusableStore, "no memory")) }
        guard unsafe OSSL_PROVIDER_load(context, "legacy") != nil, unsafe OSSL_PROVIDER_load(context, "default") != nil
        else {
            unsafe OSSL_LIB_CTX_free(context)
            return .failure(TLSError(.unusableStore, LibraryErrors.take().summary))
        }
        return unsafe .success(LegacyAlgorithms(context))
    }()

    private init(_ context: OpaquePointer) {
        unsafe self.context = context
    }
}
