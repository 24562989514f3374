import COpenSSL
import NIOCore

/// One connection's SSL and the `Wire` it reads from and writes to: the only place that calls libssl for a connection.
///
/// Belongs to the connection's event loop. It never calls out while libssl is on the stack. `close()` frees the native
/// state and may be called twice; every other call after it answers as failed.
@safe final class TLSSession {
    /// What a call found.
    enum Outcome {
        /// The handshake is complete, or the limit of a read is reached: call again.
        case done
        /// All input is consumed and more is needed.
        case needsInput
        /// The peer's close_notify: nothing more will come.
        case closeNotify
        case failed(LibraryErrors)
    }

    /// libssl's slot for the application's own data (`SSL_set_app_data` of ssl.h).
    static let ownerIndex: Int32 = 0
    /// The most plaintext in one record (RFC 8446, 5.1).
    static let recordSize = 16_384
    /// Above what a record adds: header 5, and at most an IV of 16, a MAC of 48 and padding of 16.
    static let recordOverhead = 96

    /// Set by the verify callback inside `handshake`.
    var verifyFailure: VerifyFailure?

    private let context: TLSContext
    private let wire: UnsafeMutablePointer<Wire>
    private var ssl: OpaquePointer?

    /// Throws when libssl cannot make a connection (out of memory) or the name to check is unusable.
    init(_ context: TLSContext, role: TLSRole) throws(TLSError) {
        self.context = context
        unsafe self.wire = .allocate(capacity: 1)
        unsafe self.wire.initialize(to: Wire())
        context.connectionOpened()
        ERR_clear_error()
        guard let ssl = unsafe SSL_new(context.pointer) else { throw self.setUpFailed() }
        unsafe self.ssl = ssl
        guard let method = unsafe Wire.method, let bio = unsafe BIO_new(method) else { throw self.setUpFailed() }
        unsafe BIO_set_data(bio, self.wire)
        // One BIO for both ways: SSL_set_bio takes over the one reference (SSL_set_bio(3)).
        unsafe SSL_set_bio(ssl, bio, bio)
        unsafe SSL_set_ex_data(ssl, Self.ownerIndex, Unmanaged.passUnretained(self).toOpaque())
        switch role {
        case .server:
            unsafe SSL_set_accept_state(ssl)
        case .client(let serverName):
            unsafe SSL_set_connect_state(ssl)
            try self.setServerName(serverName)
        }
    }

    deinit {
        self.free()
        unsafe self.wire.deallocate()
        self.context.connectionClosed()
    }

    /// Frees the SSL and its buffers; harmless when repeated.
    func close() { self.free() }

    private func free() {
        if let ssl = unsafe self.ssl { unsafe SSL_free(ssl) }
        unsafe self.ssl = nil
        unsafe self.wire.pointee.freeSpill()
    }

    private func setUpFailed() -> TLSError {
        TLSError(.unusableSettings, "OpenSSL cannot set a connection up: \(LibraryErrors.take().summary)")
    }

    /// SNI for a name (RFC 6066, 3: never for an address), and the check of name or address where it is wanted.
    private func setServerName(_ serverName: String?) throws(TLSError) {
        guard let host = serverName.map(ServerName.init), !host.text.isEmpty else {
            guard self.context.verifiesHostname else { return }
            throw TLSError(.hostNameMismatch, "the peer's host name is to be checked, but no name is known")
        }
        if !host.isAddress { unsafe COpenSSL_set_server_name(self.ssl, host.text) }
        guard self.context.verifiesHostname else { return }
        let parameters = unsafe SSL_get0_param(self.ssl)
        unsafe X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        let set =
            host.isAddress
            ? unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, host.text)
            : unsafe X509_VERIFY_PARAM_set1_host(parameters, host.text, 0)
        guard set == 1 else {
            ERR_clear_error()
            throw TLSError(.hostNameMismatch, "\"\(host.text)\" is no host name that a certificate can be checked for")
        }
    }
}

// MARK: Bytes

extension TLSSession {
    /// Goes on with the handshake on `input`; consumes what belongs to it. `.done` means complete: what is left of
    /// `input` is for `read`.
    func handshake(_ input: inout ByteBuffer) -> Outcome {
        guard let ssl = unsafe self.ssl else { return .failed(LibraryErrors()) }
        return self.feed(&input) {
            ERR_clear_error()
            let result = unsafe SSL_do_handshake(ssl)
            return result == 1 ? .done : unsafe self.outcome(ssl, result)
        }
    }

    /// Decrypts `input` to the end of `plain` until the input is consumed or `plain` holds `limit` bytes (a last record
    /// may go over it by its own size).
    func read(_ input: inout ByteBuffer, to plain: inout ByteBuffer, limit: Int) -> Outcome {
        guard let ssl = unsafe self.ssl else { return .failed(LibraryErrors()) }
        // A record that began in an earlier read may give more plaintext than this input has bytes.
        let carried = unsafe SSL_has_pending(ssl) == 1 ? Self.recordSize : 0
        plain.reserveCapacity(minimumWritableBytes: min(input.readableBytes + carried, limit))
        return self.feed(&input) {
            while plain.readableBytes < limit {
                if plain.writableBytes == 0 { plain.reserveCapacity(minimumWritableBytes: Self.recordSize) }
                var result: Int32 = 0
                unsafe plain.writeWithUnsafeMutableBytes(minimumWritableBytes: 1) { room in
                    var count = 0
                    ERR_clear_error()
                    result = unsafe SSL_read_ex(ssl, room.baseAddress, room.count, &count)
                    return result == 1 ? count : 0
                }
                guard result == 1 else { return unsafe self.outcome(ssl, result) }
            }
            return .done
        }
    }

    /// Part of a record has come, and is kept by libssl.
    var isInsideRecord: Bool { unsafe self.ssl.map { unsafe SSL_has_pending($0) == 1 } ?? false }

    /// Encrypts all of `plain` to the end of `output`, after what `drain` would give. Nil when it worked.
    func write(_ plain: ByteBuffer, to output: inout ByteBuffer) -> LibraryErrors? {
        guard plain.readableBytes > 0 else { return nil }
        guard let ssl = unsafe self.ssl else { return LibraryErrors() }
        self.drain(to: &output)
        var result: Int32 = 0
        unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.sealedSize(plain.readableBytes)) { room in
            unsafe self.wire.pointee.output = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe self.wire.pointee.outputRoom = room.count
            unsafe self.wire.pointee.outputCount = 0
            unsafe plain.withUnsafeReadableBytes { bytes in
                var count = 0
                ERR_clear_error()
                result = unsafe SSL_write_ex(ssl, bytes.baseAddress, bytes.count, &count)
            }
            unsafe self.wire.pointee.output = nil
            unsafe self.wire.pointee.outputRoom = 0
            return unsafe self.wire.pointee.outputCount
        }
        let errors = result == 1 ? nil : LibraryErrors.take()
        self.drain(to: &output)
        return errors
    }

    /// Makes the close_notify; `drain` gives it.
    func shutdown() {
        guard let ssl = unsafe self.ssl else { return }
        ERR_clear_error()
        _ = unsafe SSL_shutdown(ssl)
        ERR_clear_error()
    }

    /// The bytes that wait for `drain`: handshake, alert, close_notify, key update.
    var pendingOutput: Int { unsafe self.wire.pointee.spillCount }

    /// Moves what waits to the end of `output`.
    func drain(to output: inout ByteBuffer) {
        guard let spill = unsafe self.wire.pointee.spill else { return }
        unsafe output.writeBytes(UnsafeRawBufferPointer(start: spill, count: self.wire.pointee.spillCount))
        unsafe self.wire.pointee.freeSpill()
    }

    /// Room enough for `count` bytes of plaintext once encrypted.
    static func sealedSize(_ count: Int) -> Int {
        count + (count / Self.recordSize + 1) * Self.recordOverhead
    }

    private func feed(_ input: inout ByteBuffer, _ body: () -> Outcome) -> Outcome {
        var outcome = Outcome.needsInput
        let consumed = unsafe input.withUnsafeReadableBytes { bytes in
            unsafe self.wire.pointee.input = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe self.wire.pointee.inputCount = bytes.count
            outcome = body()
            let left = unsafe self.wire.pointee.inputCount
            unsafe self.wire.pointee.input = nil
            unsafe self.wire.pointee.inputCount = 0
            return bytes.count - left
        }
        input.moveReaderIndex(forwardBy: consumed)
        return outcome
    }

    private func outcome(_ ssl: OpaquePointer, _ result: Int32) -> Outcome {
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: .needsInput
        case SSL_ERROR_ZERO_RETURN: .closeNotify
        default: .failed(LibraryErrors.take())
        }
    }
}

// MARK: What was agreed

extension TLSSession {
    /// `TLSv1.3`, as Java writes it.
    var protocolName: String {
        guard let ssl = unsafe self.ssl else { return "" }
        return TLSVersion.name(unsafe SSL_version(ssl))
    }

    /// The suite's IANA name.
    var cipherName: String {
        guard let ssl = unsafe self.ssl, let cipher = unsafe SSL_get_current_cipher(ssl),
            let name = unsafe SSL_CIPHER_standard_name(cipher)
        else { return "" }
        return unsafe String(cString: name)
    }

    /// The peer's subject; nil when it showed no certificate.
    var peerSubject: String? {
        guard let ssl = unsafe self.ssl, let certificate = unsafe SSL_get0_peer_certificate(ssl) else { return nil }
        return unsafe CertificateText.subject(certificate)
    }

    /// The serial number of the peer's certificate; nil when it showed none.
    var peerSerial: String? {
        guard let ssl = unsafe self.ssl, let certificate = unsafe SSL_get0_peer_certificate(ssl) else { return nil }
        return unsafe CertificateText.serial(certificate)
    }

    /// The name the client asked for (SNI); nil when it named none.
    var serverName: String? {
        guard let ssl = unsafe self.ssl, let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else {
            return nil
        }
        return unsafe String(cString: name)
    }

    /// The ClientHello's legacy_version: the highest version of a client that knows no TLSv1.3.
    var offeredVersion: Int32 {
        guard let ssl = unsafe self.ssl else { return 0 }
        return unsafe SSL_client_version(ssl)
    }
}
