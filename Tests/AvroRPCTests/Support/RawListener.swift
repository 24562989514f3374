import NIOCore
import NIOPosix

/// A listener that answers bytes with bytes, once for each connection, and then closes it where there is no answer.
final class RawListener: Sendable {
    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let answer: @Sendable ([UInt8]) -> [UInt8]?
        private var isDone = false

        init(_ answer: @escaping @Sendable ([UInt8]) -> [UInt8]?) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !isDone, let bytes = answer(unwrapInboundIn(data).allBytes) else { return }
            isDone = true
            guard !bytes.isEmpty else {
                context.close(promise: nil)
                return
            }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
        }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let listener: any Channel

    private init(_ listener: any Channel) { self.listener = listener }

    var port: Int { listener.localAddress?.port ?? 0 }

    /// - Parameter answer: `nil`: wait for more; empty: close.
    static func start(_ answer: @escaping @Sendable ([UInt8]) -> [UInt8]?) async throws -> RawListener {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return RawListener(listener)
    }

    func stop() async { try? await listener.close() }
}
