import Foundation
import NIOCore
import NIOPosix

/// One GET request to 127.0.0.1, read until the server closes.
package enum PlainHTTP {
    package struct Reply: Sendable {
        package let status: Int
        package let body: String
    }

    /// The reply; throws where nobody listens or nothing comes within 5 s.
    package static func get(_ path: String, port: Int) async throws -> Reply {
        let group = MultiThreadedEventLoopGroup.singleton
        let whole = group.next().makePromise(of: ByteBuffer.self)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: group)
                .connectTimeout(.seconds(2))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Collector(whole))
                    }
                }
                .connect(host: "127.0.0.1", port: port).get()
        } catch {
            whole.fail(error)
            throw error
        }
        let limit = channel.eventLoop.scheduleTask(in: .seconds(5)) { channel.close(promise: nil) }
        defer { limit.cancel() }
        let request = "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        channel.writeAndFlush(ByteBuffer(string: request), promise: nil)
        let text = String(buffer: try await whole.futureResult.get())
        let words = text.split(separator: " ", maxSplits: 2)
        guard words.count == 3, let status = Int(words[1]), let head = text.range(of: "\r\n\r\n") else {
            throw Waiting.Timeout(description: "no HTTP reply from port \(port): \(text.prefix(200))")
        }
        return Reply(status: status, body: String(text[head.upperBound...]))
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let whole: EventLoopPromise<ByteBuffer>
        private var bytes = ByteBuffer()

        init(_ whole: EventLoopPromise<ByteBuffer>) { self.whole = whole }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var part = unwrapInboundIn(data)
            bytes.writeBuffer(&part)
        }

        func channelInactive(context: ChannelHandlerContext) { whole.succeed(bytes) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
