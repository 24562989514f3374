import NIOCore
import NIOEmbedded

@testable import AvroRPC

/// A connection without a socket that inflates, and a reader that asks for more as a channel with autoRead does.
final class InflatedConnection {
    struct Result {
        var output: [UInt8] = []
        var longestPiece = 0
        var isClosed = false
        var failure: RPCBreach?
    }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var result = Result()

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let piece = unwrapInboundIn(data)
            result.output += piece.readableBytesView
            result.longestPiece = max(result.longestPiece, piece.readableBytes)
        }
    }

    private let channel = EmbeddedChannel()
    private let reader = Reader()

    /// One that only inflates.
    init(limit: Int) throws {
        let reader = reader
        try channel.pipeline.syncOperations.addHandler(
            InflateHandler(limit: limit) { reader.result.failure = $0.breach }
        )
        try begin()
    }

    /// One that finds out what comes.
    init(detecting limit: Int) throws {
        let reader = reader
        var limits = RPCLimits()
        limits.inflatedBytes = limit
        try ServerLayers(acceptsCompression: true).add(to: channel.pipeline.syncOperations, limits: limits) {
            reader.result.failure = $0.breach
        }
        try begin()
    }

    private func begin() throws {
        try channel.pipeline.syncOperations.addHandler(reader)
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
    }

    deinit { _ = try? channel.finish(acceptAlreadyClosed: true) }

    func receive(_ pieces: [ByteBuffer]) {
        for piece in pieces where channel.isActive && reader.result.failure == nil {
            channel.pipeline.fireChannelRead(piece)
            channel.pipeline.fireChannelReadComplete()
            channel.read()
            // What it left for the loop's next turn.
            channel.embeddedEventLoop.run()
        }
        reader.result.isClosed = !channel.isActive
    }

    var result: Result { reader.result }
}
