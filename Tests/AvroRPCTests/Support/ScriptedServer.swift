import NIOCore
import NIOPosix
import Secure

/// A server that answers as a test says, frame by frame.
final class ScriptedServer: Sendable {
    enum Step: Sendable {
        case send(PlainFrame)
        case bytes([UInt8])
        case close
    }

    /// What to do about a frame: its connection and its place there, both from 0.
    typealias Script = @Sendable (_ connection: Int, _ index: Int, _ frame: PlainFrame) -> [Step]

    struct Log: Sendable {
        /// Of each connection.
        var frames: [[PlainFrame]] = []
        var closed: Set<Int> = []
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private var bytes: [UInt8] = []
        private var count = 0
        private let connection: Int
        private let log: Watched<Log>
        private let script: Script

        init(_ connection: Int, _ log: Watched<Log>, _ script: @escaping Script) {
            self.connection = connection
            self.log = log
            self.script = script
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += unwrapInboundIn(data).allBytes
            let (frames, end) = PlainFrame.parse(bytes)
            bytes.removeFirst(end)
            for frame in frames {
                log.change { $0.frames[connection].append(frame) }
                for step in script(connection, count, frame) {
                    switch step {
                    case .send(let frame):
                        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: frame.bytes)), promise: nil)
                    case .bytes(let bytes):
                        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
                    case .close:
                        context.close(promise: nil)
                    }
                }
                count += 1
            }
        }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
        func channelInactive(context: ChannelHandlerContext) {
            log.change { $0.closed.insert(connection) }
        }
    }

    let log: Watched<Log>
    private let channels: Watched<[any Channel]>
    private let listener: any Channel

    private init(_ listener: any Channel, _ log: Watched<Log>, _ channels: Watched<[any Channel]>) {
        self.listener = listener
        self.log = log
        self.channels = channels
    }

    var port: Int { listener.localAddress?.port ?? 0 }

    static func start(_ script: @escaping Script) async throws -> ScriptedServer {
        let log = Watched(Log())
        let channels = Watched<[any Channel]>([])
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    channels.change { $0.append(channel) }
                    log.change { $0.frames.append([]) }
                    let handler = Handler(channels.now.count - 1, log, script)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ScriptedServer(listener, log, channels)
    }

    /// Sends to a connection when the test wants it.
    func send(_ frames: PlainFrame..., to connection: Int = 0) {
        let bytes = ByteBuffer(bytes: frames.flatMap(\.bytes))
        channels.now[connection].writeAndFlush(bytes, promise: nil)
    }

    /// Closes a connection.
    func cut(_ connection: Int = 0) { channels.now[connection].close(promise: nil) }

    /// Takes no new connection; those that stand are served on.
    func stopListening() async throws { try await listener.close() }

    func stop() async {
        try? await listener.close()
        for channel in channels.now { try? await channel.close() }
    }
}
