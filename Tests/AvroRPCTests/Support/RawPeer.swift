import Foundation
import NIOCore
import NIOPosix
import Secure

/// A plain socket to a server, with TLS where a context is given: bytes in, bytes out.
final class RawPeer: Sendable {
    struct Log: Sendable {
        var bytes: [UInt8] = []
        var isAtEnd = false
        var isClosed = false
        var errors: [String] = []
    }

    private final class Recorder: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let log: Watched<Log>
        init(_ log: Watched<Log>) { self.log = log }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data).allBytes
            log.change { $0.bytes += bytes }
        }
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if (event as? ChannelEvent) == .inputClosed { log.change { $0.isAtEnd = true } }
        }
        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            log.change { $0.errors.append("\(error)") }
        }
        func channelInactive(context: ChannelHandlerContext) {
            log.change {
                $0.isClosed = true
                $0.isAtEnd = true
            }
        }
    }

    let channel: any Channel
    let log: Watched<Log>

    private init(_ channel: any Channel, _ log: Watched<Log>) {
        self.channel = channel
        self.log = log
    }

    /// - Parameters:
    ///   - address: where the connection comes from.
    ///   - reads: whether anything is read from it.
    static func connect(
        _ port: Int?,
        tls: TLSContext? = nil,
        from address: String? = nil,
        reads: Bool = true
    ) async throws -> RawPeer {
        let log = Watched(Log())
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let address { bootstrap = bootstrap.bind(to: try SocketAddress(ipAddress: address, port: 0)) }
        let channel =
            try await bootstrap
            .channelOption(.autoRead, value: reads)
            .channelOption(.socketOption(.so_rcvbuf), value: reads ? 1 << 18 : 4_096)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            TLSHandler(context: tls, role: .client(serverName: "localhost"))
                        )
                    }
                    try channel.pipeline.syncOperations.addHandler(Recorder(log))
                }
            }
            .connect(host: "127.0.0.1", port: port ?? 0).get()
        return RawPeer(channel, log)
    }

    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

    func send(_ frame: PlainFrame) async throws { try await send(frame.bytes) }

    /// The first `count` frames that came; fewer where the connection ended or ten seconds went by.
    func frames(_ count: Int) async -> [PlainFrame] {
        let log = await log.wait { $0.isAtEnd || PlainFrame.parse($0.bytes).frames.count >= count }
        return PlainFrame.parse(log.bytes).frames
    }

    /// What had come when the other side ended.
    func end() async -> Log { await log.wait { $0.isAtEnd } }

    func close() async { try? await channel.close() }

    /// Closes with a reset.
    func reset() async {
        let options = channel as? any SocketOptionProvider
        try? await options?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        await close()
    }
}
