internal import NIOCore

/// The receiving half of a connection's compression: compressed bytes in, plain bytes to those behind.
///
/// A piece at a time, the next one only when the reader behind asks for it, so that a few compressed bytes never become
/// more memory than one piece; what was read from the socket waits compressed. The end of the peer's stream closes the
/// connection as an end of file would. For channels that read by themselves (`autoRead`).
final class InflateHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The most that one read behind this handler gets.
    static let pieceBytes = 128 << 10
    /// Pieces in one go before the loop's other connections get their turn: some milliseconds.
    private static let piecesPerTurn = 16

    private let limit: Int
    private let failed: (RPCRejection) -> Void
    private var inflater: Inflater?
    private var input = ByteBuffer()
    /// The last piece was full: more may come out without new input.
    private var mayHaveMore = false
    /// Out of `input` since it was last empty.
    private var inflatedBytes = 0
    /// Whether the reader has asked since it was last given a piece.
    private var isReadWanted = true
    private var isPumping = false
    private var isResting = false
    private var isEnded = false
    /// The first that ever came, at most `StreamStart.length`.
    private var firstBytes: [UInt8] = []

    /// - Parameters:
    ///   - limit: bytes that the compressed bytes of one read may become.
    ///   - failed: called once at most, on the event loop; whoever owns the connection closes it then.
    init(limit: Int, failed: @escaping (RPCRejection) -> Void) {
        self.limit = limit
        self.failed = failed
    }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    private func stop() {
        isEnded = true
        input = ByteBuffer()
        mayHaveMore = false
    }

    private func fail(_ kind: RPCBreach, _ message: String) {
        stop()
        failed(RPCRejection(kind, message))
    }
}

extension InflateHandler {
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isEnded else { return }
        var bytes = unwrapInboundIn(data)
        if firstBytes.count < StreamStart.length {
            firstBytes += bytes.readableBytesView.prefix(StreamStart.length - firstBytes.count)
        }
        if input.readableBytes == 0 {
            swap(&input, &bytes)
        } else {
            input.writeImmutableBuffer(bytes)
        }
        pump(context)
    }

    func read(context: ChannelHandlerContext) {
        isReadWanted = true
        if hasPending { pump(context) } else { context.read() }
    }

    private var hasPending: Bool { input.readableBytes > 0 || mayHaveMore }

    /// Gives the reader pieces while it asks for them.
    private func pump(_ context: ChannelHandlerContext) {
        guard !isPumping, !isResting else { return }
        isPumping = true
        defer { isPumping = false }
        var pieces = 0
        while isReadWanted, hasPending {
            guard pieces < Self.piecesPerTurn else {
                rest(context)
                return
            }
            pieces += 1
            guard let (piece, isEnd) = inflate() else { return }
            if piece.readableBytes > 0 {
                isReadWanted = false
                context.fireChannelRead(wrapInboundOut(piece))
                // Each piece is a read for those behind: they answer, then ask for the next or hold it back.
                context.fireChannelReadComplete()
            }
            if isEnd {
                end(context)
                return
            }
            // As a channel with autoRead does after its reads.
            if !isReadWanted { context.channel.read() }
        }
        if isReadWanted, !isEnded { context.read() }
    }

    /// Goes on when the loop has run what is queued.
    private func rest(_ context: ChannelHandlerContext) {
        isResting = true
        context.eventLoop.assumeIsolated().execute {
            self.isResting = false
            if !self.isEnded { self.pump(context) }
        }
    }

    /// The peer's stream has ended: as the end of a file. Java ends it when it closes.
    private func end(_ context: ChannelHandlerContext) {
        guard input.readableBytes == 0 else {
            fail(.deflate, "\(input.readableBytes) bytes after the end of the compressed stream")
            return
        }
        isEnded = true
        context.channel.close(promise: nil)
    }

    /// One piece at most; `nil` when the stream failed. `isEnd`: it was the stream's last.
    private func inflate() -> (piece: ByteBuffer, isEnd: Bool)? {
        if inflater == nil { inflater = Inflater() }
        guard let inflater else {
            fail(.deflate, "no memory for a compressed connection")
            return nil
        }
        let room = mayHaveMore ? Self.pieceBytes : min(max(input.readableBytes * 8, 2 << 10), Self.pieceBytes)
        var piece = ByteBuffer()
        let outcome = inflater.run(&input, into: &piece, room: room)
        mayHaveMore = outcome == .hasMore
        if input.readableBytes == 0 { input = ByteBuffer() }
        inflatedBytes += piece.readableBytes
        guard inflatedBytes <= limit else {
            fail(.inflatedBytes, "over \(limit) bytes out of the compressed ones of one read")
            return nil
        }
        if !hasPending { inflatedBytes = 0 }
        switch outcome {
        case .needsInput, .hasMore: return (piece, false)
        case .ended: return (piece, true)
        case .failed(let reason):
            fail(.deflate, failureText(reason))
            return nil
        }
    }

    private func failureText(_ reason: String) -> String {
        let start = StreamStart(firstBytes, frameBuffers: RPCLimits().frameBuffers)
        guard start != .zlib else { return "the peer's compressed stream cannot be read: \(reason)" }
        let advice =
            switch start {
            case .tls: "set `compression-order = inside-tls` or `compression-type = none` here"
            default: "set `compression-type = deflate` there or `none` here"
            }
        return
            "the peer does not compress: its first bytes are \(start.text) (\(StreamStart.hex(firstBytes))); \(advice)"
    }
}
