import COpenSSL
import Synchronization

/// One side's settings, stores and keys, read once: an SSL_CTX that any number of connections on any threads share.
///
/// Versions TLSv1.2 and TLSv1.3; no renegotiation, no compression, no session cache and no tickets (a connection here
/// lives for hours: resuming saves nothing, and a ticket key would be one more secret to turn over).
///
/// `@unchecked Sendable`: the SSL_CTX is written by `init` alone; afterwards only SSL_new uses it, which is thread-safe
/// (reference counts and OpenSSL's own locks). The rest is constant or atomic.
@safe package final class TLSContext: @unchecked Sendable {
    enum Side {
        case server
        case client
    }

    let pointer: OpaquePointer
    let side: Side
    /// The names of the versions left by the settings, oldest first, for messages.
    let versions: [TLSVersion]
    /// Whether a connection must be given the name of its peer.
    let verifiesHostname: Bool
    /// The certificate shown to peers and then the chain shown with it; empty on a client that shows none.
    package let certificates: [CertificateFacts]
    /// Remarks on the stores for whoever wrote the settings, one line each.
    package let notes: [String]
    private let live = Atomic<Int>(0)

    /// How many connections hold native state now; falls to 0 when all have closed.
    package var liveConnections: Int { self.live.load(ordering: .relaxed) }

    /// Reads the stores. Throws `unreadableFile`, `wrongPassword`, `unusableStore` or `unusableSettings`.
    package init(server settings: TLSServerSettings) throws(TLSError) {
        self.side = .server
        self.verifiesHostname = false
        unsafe self.pointer = try unsafe Self.make(TLS_server_method())
        self.versions = try unsafe Self.apply(settings.limits, to: self.pointer)
        var loaded = try unsafe Self.useIdentity(settings.keyStore, in: self.pointer)
        if settings.clientAuthentication != .none {
            loaded.notes += try unsafe Self.useAnchors(settings.trustStore, in: self.pointer, namedToClients: true)
        }
        (self.certificates, self.notes) = (loaded.certificates, loaded.notes)
        switch settings.clientAuthentication {
        case .none:
            break
        case .want:
            unsafe SSL_CTX_set_verify(self.pointer, SSL_VERIFY_PEER, VerifyFailure.callback)
        case .need:
            let mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
            unsafe SSL_CTX_set_verify(self.pointer, mode, VerifyFailure.callback)
        }
    }

    /// Reads the stores. Throws `unreadableFile`, `wrongPassword`, `unusableStore` or `unusableSettings`.
    package init(client settings: TLSClientSettings) throws(TLSError) {
        self.side = .client
        self.verifiesHostname = settings.verifyHostname && !settings.trustAll
        unsafe self.pointer = try unsafe Self.make(TLS_client_method())
        self.versions = try unsafe Self.apply(settings.limits, to: self.pointer)
        var loaded = Loaded()
        if let keyStore = settings.keyStore { loaded = try unsafe Self.useIdentity(keyStore, in: self.pointer) }
        if settings.trustAll {
            unsafe SSL_CTX_set_verify(self.pointer, SSL_VERIFY_NONE, nil)
        } else {
            loaded.notes += try unsafe Self.useAnchors(settings.trustStore, in: self.pointer, namedToClients: false)
            unsafe SSL_CTX_set_verify(self.pointer, SSL_VERIFY_PEER, VerifyFailure.callback)
        }
        (self.certificates, self.notes) = (loaded.certificates, loaded.notes)
    }

    deinit {
        unsafe SSL_CTX_free(self.pointer)
    }

    func connectionOpened() { self.live.wrappingAdd(1, ordering: .relaxed) }
    func connectionClosed() { self.live.wrappingSubtract(1, ordering: .relaxed) }

    private static func make(_ method: OpaquePointer?) throws(TLSError) -> OpaquePointer {
        TLSLibrary.prepare()
        ERR_clear_error()
        guard let context = unsafe SSL_CTX_new(method) else {
            throw TLSError(.unusableSettings, "OpenSSL cannot be set up: \(LibraryErrors.take().summary)")
        }
        unsafe SSL_CTX_set_options(context, COpenSSL_context_options())
        unsafe SSL_CTX_set_num_tickets(context, 0)
        unsafe COpenSSL_CTX_no_session_cache(context)
        // A record's buffers (34 KB) are given back while a connection is idle; a repeated SSL_write may come from
        // another address.
        unsafe COpenSSL_CTX_set_mode(context, Int(SSL_MODE_RELEASE_BUFFERS) | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
        return unsafe context
    }
}
