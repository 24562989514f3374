import NIOCore
import NIOPosix
import Synchronization

/// A TCP client that keeps what it is sent.
final class LineClient: Sendable {
    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let client: LineClient

        init(_ client: LineClient) { self.client = client }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            client.state.withLock { _ = $0.writeImmutableBuffer(bytes) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let state = Mutex(ByteBuffer())
    private let connection = Mutex<(any NIOCore.Channel)?>(nil)

    static func connect(_ address: SocketAddress, reads: Bool = true) async throws -> LineClient {
        let client = LineClient()
        let channel = try await ClientBootstrap(group: Harness.group)
            .channelOption(.allowRemoteHalfClosure, value: false)
            .channelOption(.autoRead, value: reads)
            .channelOption(.socketOption(.so_rcvbuf), value: 65_536)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(client))
                }
            }
            .connect(to: address)
            .get()
        client.connection.withLock { $0 = channel }
        return client
    }

    private var channel: any NIOCore.Channel { connection.withLock { $0! } }

    var received: String { state.withLock { String(buffer: $0) } }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    /// Sends without waiting until the bytes are on their way.
    func push(_ text: String) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }

    /// Says that nothing more will come.
    func finish() async throws { try await channel.close(mode: .output) }

    func close() async throws { try await channel.close() }

    /// Waits until the other side has closed.
    func closed() async throws { try await channel.closeFuture.get() }

    var isOpen: Bool { channel.isActive }

    /// Waits until what was received has that many bytes.
    func waitFor(_ count: Int) async -> Bool {
        await Harness.eventually { self.state.withLock { $0.readableBytes } >= count }
    }
}
