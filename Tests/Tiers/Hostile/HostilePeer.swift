import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Secure
import TestSupport

/// A client without manners: bytes to a port and what comes back, through TLS or zlib where the port has them.
final class HostilePeer {
    /// What has come, and whether the other side has ended.
    private struct Received: Sendable {
        var bytes: [UInt8] = []
        var isAtEnd = false
    }

    private final class Recorder: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let received: NIOLockedValueBox<Received>
        init(_ received: NIOLockedValueBox<Received>) { self.received = received }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Array(unwrapInboundIn(data).readableBytesView)
            received.withLockedValue { $0.bytes += bytes }
        }
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if (event as? ChannelEvent) == .inputClosed { received.withLockedValue { $0.isAtEnd = true } }
        }
        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            received.withLockedValue { $0.isAtEnd = true }
            context.close(promise: nil)
        }
        func channelInactive(context: ChannelHandlerContext) { received.withLockedValue { $0.isAtEnd = true } }
    }

    private let channel: any Channel
    private let received: NIOLockedValueBox<Received>
    private let deflater: PlainDeflater?
    private let inflater: PlainInflater?
    private var inflated = 0
    private var plain: [UInt8] = []

    private init(_ channel: any Channel, _ received: NIOLockedValueBox<Received>, isDeflated: Bool) {
        self.channel = channel
        self.received = received
        deflater = isDeflated ? PlainDeflater() : nil
        inflater = isDeflated ? PlainInflater() : nil
    }

    static func connect(_ port: Int, tls: TLSContext?, isDeflated: Bool) async throws -> HostilePeer {
        let received = NIOLockedValueBox(Received())
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            TLSHandler(context: tls, role: .client(serverName: "localhost"))
                        )
                    }
                    try channel.pipeline.syncOperations.addHandler(Recorder(received))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return HostilePeer(channel, received, isDeflated: isDeflated)
    }

    /// Sends; that the other side has closed meanwhile is no failure.
    func send(_ bytes: [UInt8]) async throws {
        let bytes = deflater?.write(bytes) ?? bytes
        try? await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    func half() async { try? await channel.close(mode: .output) }
    func close() async { try? await channel.close() }

    /// What has come, with the layer taken off.
    private func read() throws -> (bytes: [UInt8], isAtEnd: Bool) {
        let now = received.withLockedValue { $0 }
        if let inflater {
            plain += try inflater.read(Array(now.bytes[inflated...]))
            inflated = now.bytes.count
        } else {
            plain = now.bytes
        }
        return (plain, now.isAtEnd)
    }

    /// Whole frames that came, once there are `count` of them or the other side has ended; what followed them.
    func replies(_ count: Int, within limit: Duration = .seconds(20)) async throws -> Replies {
        let end = ContinuousClock.now + limit
        while true {
            let (bytes, isAtEnd) = try read()
            let replies = Replies(bytes, isAtEnd: isAtEnd)
            if isAtEnd || replies.frames.count >= count || .now > end { return replies }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    /// All that came until the other side ended.
    func end() async throws -> Replies { try await replies(.max) }
}

/// What a server sent on one connection.
struct Replies {
    /// Serial and message of each whole frame.
    private(set) var frames: [(serial: Int32, message: [UInt8])] = []
    private(set) var bytesBehind = 0
    let isAtEnd: Bool

    init(_ bytes: [UInt8], isAtEnd: Bool) {
        self.isAtEnd = isAtEnd
        var at = 0
        func word(_ offset: Int) -> Int? {
            guard offset + 4 <= bytes.count else { return nil }
            return Int(Int32(bitPattern: bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }))
        }
        frames: while let serial = word(at), let count = word(at + 4) {
            var message: [UInt8] = []
            var next = at + 8
            for _ in 0..<max(0, count) {
                guard let length = word(next), length >= 0, next + 4 + length <= bytes.count else { break frames }
                message += bytes[next + 4..<next + 4 + length]
                next += 4 + length
            }
            frames.append((Int32(serial), message))
            at = next
        }
        bytesBehind = bytes.count - at
    }
}
