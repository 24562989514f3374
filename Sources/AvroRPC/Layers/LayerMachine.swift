/// Finds out what a server's connection is made of, from the outside in: TLS and compression in either order, then
/// frames. No I/O.
///
/// | is set here | what may come |
/// |---|---|
/// | neither | frames |
/// | compression | zlib(frames); frames |
/// | TLS | TLS(frames) |
/// | both | zlib(TLS(frames)): Flume 1.10, 1.11; TLS(zlib(frames)): up to 1.9; TLS(frames) |
struct LayerMachine {
    enum Step: Hashable {
        /// Add this layer; look again at what comes out of it while `isLooking`.
        case compression
        case tls
        /// Nothing but frames.
        case frames
        case refuse(RPCRejection)
    }

    private let acceptsCompression: Bool
    private let needsTLS: Bool
    private let frameBuffers: Int
    private var isCompressed = false
    private var isEncrypted = false

    init(acceptsCompression: Bool, needsTLS: Bool, frameBuffers: Int) {
        self.acceptsCompression = acceptsCompression
        self.needsTLS = needsTLS
        self.frameBuffers = frameBuffers
    }

    /// Whether the outermost layer is TLS whatever comes, so that it looks after the handshake's time and its errors.
    var beginsWithTLS: Bool { needsTLS && !acceptsCompression }

    /// Whether what comes next is still open.
    var isLooking: Bool { !(isCompressed && isEncrypted) }

    /// Whether the peer still has to begin TLS.
    var isTLSDue: Bool { needsTLS && !isEncrypted }

    /// TLS was added without a look.
    mutating func addedTLS() { isEncrypted = true }

    /// What to do about a stream that begins so, with `StreamStart.length` bytes.
    mutating func look(_ first: [UInt8]) -> Step {
        switch StreamStart(first, frameBuffers: frameBuffers) {
        case .zlib where acceptsCompression && !isCompressed:
            isCompressed = true
            return .compression
        case .tls where isTLSDue:
            isEncrypted = true
            return .tls
        case .frame where !isTLSDue:
            return .frames
        case .zlib:
            return .refuse(
                RPCRejection(
                    .layers,
                    isCompressed
                        ? "the peer compresses twice"
                        : "the peer compresses (`compression-type = deflate`): set it here too, or `none` there"
                )
            )
        case .tls where !needsTLS:
            return .refuse(RPCRejection(.layers, "the peer speaks TLS: set `ssl = true` here, or `false` there"))
        case .frame:
            let inside = isCompressed ? " inside its compression" : ""
            return .refuse(
                RPCRejection(
                    .plainText,
                    "the peer speaks plain text\(inside), and `ssl = true` is set here: set it there too"
                )
            )
        case .tls, .other:
            // The frames' reader says what is wrong with them.
            guard isTLSDue else { return .frames }
            return .refuse(
                RPCRejection(.plainText, "the peer's first bytes are no TLS (\(StreamStart.hex(first)))")
            )
        }
    }
}
