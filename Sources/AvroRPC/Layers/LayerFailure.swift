/// Why the layers below the frames (TLS, compression) came to nothing. The connection ends.
struct LayerFailure: Error, Hashable, CustomStringConvertible {
    enum Kind: Hashable {
        /// Plain bytes where TLS is a must.
        case plainText
        /// TLS or compression that is not set here.
        case layers
        /// A compressed stream that cannot be read.
        case deflate
        /// No first byte of TLS in time.
        case handshakeTime
        /// More bytes out of the compressed ones than the limit.
        case inflatedBytes
    }

    var kind: Kind
    /// What the peer does, and which key to set.
    var message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    var error: RPCError {
        let code: RPCError.Code =
            switch kind {
            case .plainText: .tls
            case .layers: .layers
            case .deflate: .protocolViolation
            case .handshakeTime: .timedOut
            case .inflatedBytes: .limitExceeded
            }
        return RPCError(code, message)
    }

    var description: String { message }
}
