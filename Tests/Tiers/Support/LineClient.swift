import NIOCore
import NIOPosix
import TestSupport

/// A client of a netcat source.
enum LineClient {
    /// Sends lines and waits until each has its `OK`.
    static func send(_ lines: [String], to port: Int) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let done = group.next().makePromise(of: Void.self)
        let channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Counter(lines.count, done))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let limit = channel.eventLoop.scheduleTask(in: .seconds(10)) { channel.close(promise: nil) }
        defer { limit.cancel() }
        channel.writeAndFlush(ByteBuffer(string: lines.map { $0 + "\n" }.joined()), promise: nil)
        try await done.futureResult.get()
        try await channel.close()
    }

    private final class Counter: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private var left: Int
        private var text = ""
        private let done: EventLoopPromise<Void>

        init(_ left: Int, _ done: EventLoopPromise<Void>) {
            self.left = left
            self.done = done
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            text += String(buffer: unwrapInboundIn(data))
            if text.split(separator: "\n").filter({ $0 == "OK" }).count >= left { done.succeed() }
        }

        func channelInactive(context: ChannelHandlerContext) {
            done.fail(Waiting.Timeout(description: "closed after `\(text)`"))
        }
    }
}
