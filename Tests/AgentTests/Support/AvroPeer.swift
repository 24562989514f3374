import Events
import NIOCore
import NIOPosix
import Synchronization

/// A client of an Avro source as Java's is one: it does not name itself. Frames and messages written from the specification.
final class AvroPeer: Sendable {
    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let peer: AvroPeer

        init(_ peer: AvroPeer) { self.peer = peer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            peer.state.withLock { _ = $0.bytes.writeBuffer(&bytes) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    enum Reply: Hashable {
        case ok
        case failed
        case error
    }

    private struct State {
        var bytes = ByteBuffer()
        var hasSent = false
    }

    private let state = Mutex(State())
    private let connection = Mutex<(any NIOCore.Channel)?>(nil)

    /// The hash of Flume 1.11's protocol.
    private static let hash: [UInt8] = [
        0x86, 0xaa, 0xda, 0xe2, 0xc4, 0x54, 0x74, 0xc0, 0xfe, 0x93, 0xff, 0xd0, 0xf2, 0x35, 0x0a, 0x65,
    ]

    static func connect(_ port: Int?) async throws -> AvroPeer {
        let peer = AvroPeer()
        let channel = try await ClientBootstrap(group: Harness.group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Reader(peer))
                }
            }
            .connect(host: "127.0.0.1", port: port ?? 0).get()
        peer.connection.withLock { $0 = channel }
        return peer
    }

    private var channel: any NIOCore.Channel { connection.withLock { $0! } }

    /// Sends a batch, with the handshake in front of the first one.
    func push(_ batch: EventBatch, serial: Int32) {
        var message = ByteBuffer()
        let isFirst = state.withLock { state in
            defer { state.hasSent = true }
            return !state.hasSent
        }
        if isFirst { message.writeBytes(Self.hash + [0] + Self.hash + [2, 0]) }
        message.writeBytes([0])
        message.writeAvroString("appendBatch")
        message.writeAvroLong(Int64(batch.count))
        message.writeImmutableBuffer(batch.bytes)
        message.writeBytes([0])
        var frame = ByteBuffer()
        frame.writeInteger(serial)
        frame.writeInteger(Int32(1))
        frame.writeInteger(Int32(message.readableBytes))
        frame.writeImmutableBuffer(message)
        channel.writeAndFlush(frame, promise: nil)
    }

    func push(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

    /// What came so far, by serial.
    var replies: [Int32: Reply] {
        var rest = state.withLock { $0.bytes }
        var replies: [Int32: Reply] = [:]
        while let serial = rest.readInteger(as: Int32.self), rest.readInteger(as: Int32.self) == 1,
            let message = rest.readLengthPrefixedSlice(as: Int32.self)
        {
            let bytes = Array(message.readableBytesView)
            replies[serial] =
                bytes.count < 3 || bytes.suffix(3).dropLast() != [0, 0] ? .error : bytes.last == 0 ? .ok : .failed
        }
        return replies
    }

    /// Waits for so many replies.
    func waitFor(_ count: Int, _ patience: Duration = .seconds(60)) async -> [Int32: Reply] {
        _ = await Harness.eventually(patience) { self.replies.count >= count }
        return replies
    }

    var isOpen: Bool { channel.isActive }
    func close() async { try? await channel.close() }
}
