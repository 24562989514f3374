internal import NIOCore

/// The sending half of a connection's compression: plain bytes from those behind, compressed bytes out.
///
/// Every write goes into one zlib stream; a flush ends with one sync flush, however many writes it covers. The stream's
/// end is sent before a close, as Java sends it.
final class DeflateHandler: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// About the most compressed bytes in one write.
    private static let chunkBytes = 64 << 10

    private let level: Int
    private let memoryLevel: Int32
    private let failed: (RPCRejection) -> Void
    private var deflater: Deflater?
    private var output = ByteBuffer()
    private var hasUnflushed = false
    private var isEnded = false
    /// Of the writes since the last flush.
    private var promises: [EventLoopPromise<Void>] = []

    /// - Parameters:
    ///   - memoryLevel: see `Deflater`.
    ///   - failed: called once at most, on the event loop; whoever owns the connection closes it then.
    init(level: Int, memoryLevel: Int32, failed: @escaping (RPCRejection) -> Void) {
        self.level = level
        self.memoryLevel = memoryLevel
        self.failed = failed
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isEnded else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        var bytes = unwrapOutboundIn(data)
        if let promise { promises.append(promise) }
        guard bytes.readableBytes > 0 else { return }
        hasUnflushed = true
        compress(&bytes, .none, context)
    }

    func flush(context: ChannelHandlerContext) {
        finishOutput(.sync, context)
        context.flush()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode != .input, !isEnded {
            if deflater != nil {
                hasUnflushed = true
                finishOutput(.finish, context)
                context.flush()
            }
            isEnded = true
        }
        context.close(mode: mode, promise: promise)
    }

    /// Sends what zlib and we keep back. All promises of the writes before it stand or fall with the last chunk.
    private func finishOutput(_ flush: Deflater.Flush, _ context: ChannelHandlerContext) {
        guard hasUnflushed || !promises.isEmpty else { return }
        if hasUnflushed {
            hasUnflushed = false
            var nothing = ByteBuffer()
            compress(&nothing, flush, context)
        }
        let last = output
        output = ByteBuffer()
        let waiting = promises
        promises = []
        guard last.readableBytes > 0 || !waiting.isEmpty else { return }
        guard !waiting.isEmpty else {
            context.write(wrapOutboundOut(last), promise: nil)
            return
        }
        let promise = context.eventLoop.makePromise(of: Void.self)
        for one in waiting { promise.futureResult.cascade(to: one) }
        context.write(wrapOutboundOut(last), promise: promise)
    }

    /// Compresses `bytes`; writes every chunk that is full and keeps the rest.
    private func compress(_ bytes: inout ByteBuffer, _ flush: Deflater.Flush, _ context: ChannelHandlerContext) {
        if deflater == nil { deflater = Deflater(level: level, memoryLevel: memoryLevel) }
        guard let deflater else {
            isEnded = true
            bytes.clear()
            failed(RPCRejection(.deflate, "no memory for a compressed connection"))
            return
        }
        var isFull = true
        while isFull || bytes.readableBytes > 0 {
            let wanted = min(max(bytes.readableBytes, 256), Self.chunkBytes)
            if output.readableBytes == 0 { output = ByteBuffer() }
            isFull = deflater.run(&bytes, flush, into: &output, room: wanted)
            if output.readableBytes >= Self.chunkBytes {
                context.write(wrapOutboundOut(output), promise: nil)
                output = ByteBuffer()
            }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        isEnded = true
        let waiting = promises
        promises = []
        for promise in waiting { promise.fail(ChannelError.ioOnClosedChannel) }
    }
}
