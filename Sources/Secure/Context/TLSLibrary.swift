import COpenSSL

/// OpenSSL itself, for the whole process.
package enum TLSLibrary {
    /// Starts OpenSSL, once, without its clean-up when the process ends.
    ///
    /// That clean-up (OPENSSL_cleanup(3)) takes its locks away from threads that still read a store or close a connection,
    /// which kills the process with SIGSEGV; the memory goes with the process anyway. To be called before anything else
    /// uses OpenSSL: what the first caller says stands (OPENSSL_init_crypto(3), OPENSSL_INIT_NO_ATEXIT). A failure shows
    /// in whatever is asked of OpenSSL next.
    package static func prepare() { _ = self.isReady }

    private static let isReady = OPENSSL_init_ssl(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1
}
