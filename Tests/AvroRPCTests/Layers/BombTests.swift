import Events
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import AvroRPC

/// Few compressed bytes that stand for many, and streams that are none.
@Suite(.timeLimit(.minutes(1))) struct BombTests {
    /// Takes what it is given and asks for more only when the test says so.
    private final class Reader: ChannelDuplexHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundIn = ByteBuffer
        var pieces: [Int] = []
        var isHolding = false
        private var isHeld = false

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            pieces.append(unwrapInboundIn(data).readableBytes)
        }
        func read(context: ChannelHandlerContext) {
            if isHolding { isHeld = true } else { context.read() }
        }
        func release(_ context: ChannelHandlerContext) {
            guard isHeld else { return }
            isHeld = false
            context.read()
        }
    }

    /// Reads that reach the socket.
    private final class Counter: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        var reads = 0
        func read(context: ChannelHandlerContext) {
            reads += 1
            context.read()
        }
    }

    private static let zeros = [UInt8](repeating: 0, count: 32 << 20)

    /// A reader that holds back gets no further piece, the socket is not read, and nothing more is inflated.
    @Test func aHeldReaderGetsOnePiece() throws {
        let channel = EmbeddedChannel()
        let (counter, reader) = (Counter(), Reader())
        let inflate = InflateHandler(limit: 64 << 20) { Issue.record("\($0)") }
        try channel.pipeline.syncOperations.addHandlers([counter, inflate, reader])
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        let context = try channel.pipeline.syncOperations.context(handler: reader)
        counter.reads = 0
        reader.isHolding = true
        let bomb = PlainDeflater().write(Self.zeros)
        #expect(bomb.count < 40_000)
        func read(_ bytes: [UInt8]) {
            channel.pipeline.fireChannelRead(ByteBuffer(bytes: bytes))
            channel.pipeline.fireChannelReadComplete()
            channel.read()
        }
        read(bomb)
        #expect(reader.pieces == [InflateHandler.pieceBytes])
        #expect(counter.reads == 0)
        for count in 2...5 {
            reader.release(context)
            channel.embeddedEventLoop.run()
            #expect(reader.pieces == Array(repeating: InflateHandler.pieceBytes, count: count))
            #expect(counter.reads == 0, "there is enough to read")
        }
        reader.isHolding = false
        reader.release(context)
        // Not all in one go: other connections get their turn.
        #expect(reader.pieces.count < 40)
        channel.embeddedEventLoop.run()
        #expect(reader.pieces.reduce(0, +) == Self.zeros.count)
        #expect(counter.reads > 0, "and then the socket is read again")
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    /// A server at its limit of calls leaves compressed what it cannot serve yet.
    @Test func callsAboveTheLimitStayCompressed() throws {
        var limits = RPCLimits()
        limits.calls = 2
        let server = try EmbeddedServer(limits: limits) { _, _ in nil }
        let body = String(repeating: "x", count: 400_000)
        let deflater = PlainDeflater()
        var stream = deflater.write(PlainFrame(0, Plain.handshake() + Plain.ping).bytes)
        for serial in Int32(1)...20 {
            stream += deflater.write(PlainFrame(serial, Plain.call("append") + Plain.event([], body)).bytes)
        }
        server.receive(stream)
        server.channel.embeddedEventLoop.run()
        #expect(server.service.log.now.calls.count == 2)
        for index in 0..<20 {
            server.service.release(index)
            server.channel.embeddedEventLoop.run()
            #expect(server.service.log.now.calls.count == min(index + 3, 20))
        }
        #expect(try PlainFrame.parse(inflated(server.sent())).frames.map(\.serial) == (0...20).map { $0 })
        server.finish()
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        var name: String
        var bytes: [UInt8]
        var code: RPCError.Code
        var text: String
        var testDescription: String { name }

        static let all: [Bad] = {
            let handshake = PlainFrame(1, Plain.handshake() + Plain.ping).bytes
            func damaged(at place: Int) -> [UInt8] {
                let deflater = PlainDeflater()
                var bytes = deflater.write(handshake) + deflater.write(PlainFrame(2, Plain.batch).bytes, .finish)
                bytes[place < 0 ? bytes.count + place : place] ^= 0xff
                return bytes
            }
            let dictionary = PlainDeflater()
            dictionary.presetDictionary(Array("appendBatch".utf8))
            let ended = PlainDeflater()
            let trailed = ended.write(handshake) + ended.write([], .finish) + [1, 2, 3]
            // A call that stays open: a frame of 60 MiB of zeros, again and again.
            let large = PlainDeflater()
            var bomb = large.write(handshake)
            for serial in Int32(1)...5 {
                let head = PlainFrame.word(serial) + PlainFrame.word(1) + PlainFrame.word(30 << 20)
                bomb += large.write(head, .none)
                bomb += large.write([UInt8](repeating: 0, count: 30 << 20), .sync)
            }
            let refused = "cannot be read"
            return [
                Bad(name: "a damaged block", bytes: damaged(at: 20), code: .protocolViolation, text: refused),
                Bad(name: "a wrong checksum", bytes: damaged(at: -1), code: .protocolViolation, text: "data check"),
                Bad(
                    name: "a block type that there is not",
                    bytes: [0x78, 0x9c, 0x07, 0, 0, 0, 0, 0],
                    code: .protocolViolation,
                    text: "block type"
                ),
                Bad(
                    name: "a preset dictionary",
                    bytes: dictionary.write(handshake),
                    code: .protocolViolation,
                    text: "dictionary"
                ),
                Bad(
                    name: "bytes behind the stream's end",
                    bytes: trailed,
                    code: .protocolViolation,
                    text: "after the end"
                ),
                Bad(
                    name: "zeros without end",
                    bytes: PlainDeflater().write(zeros),
                    code: .protocolViolation,
                    text: "0 buffers"
                ),
                Bad(name: "more than a read may become", bytes: bomb, code: .limitExceeded, text: "compressed"),
            ]
        }()
    }

    /// One connection ends with one line, and no other is harmed.
    @Test(arguments: Bad.all) func badStreams(bad: Bad) async throws {
        // Less than any read of the last one becomes: how much is read at once is the system's affair.
        var limits = RPCLimits()
        limits.inflatedBytes = 1 << 20
        let service = RecordingService()
        let server = try await RPCServer.live(service, deflate: true, limits: limits)
        let good = try await RawPeer.connect(server.port)
        try await good.send(PlainFrame(1, Plain.handshake() + Plain.append))
        #expect(await good.frames(1).count == 1)
        let peer = try await RawPeer.connect(server.port)
        try await peer.send(bad.bytes)
        _ = await peer.end()
        let failures = await service.log.wait { $0.failures.count == 1 }.failures
        #expect(failures.map(\.code) == [bad.code])
        #expect(failures.first?.message.contains(bad.text) == true, "\(failures)")
        #expect(await service.log.wait { $0.connections == 1 }.connections == 1)
        try await good.send(PlainFrame(2, Plain.append))
        #expect(await good.frames(2).last == PlainFrame(2, Plain.ok))
        await good.close()
        await peer.close()
        await server.stop(deadline: .now())
    }

    /// The largest frame that is taken at all, out of a few compressed bytes: served as any other.
    @Test func aLargeFrameIsNoBomb() async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(service, deflate: true)
        let peer = try await RawPeer.connect(server.port)
        let deflater = PlainDeflater()
        try await peer.send(deflater.write(PlainFrame(1, Plain.handshake() + Plain.ping).bytes))
        let body = [UInt8](repeating: 0, count: 60 << 20)
        let head = Plain.call("append") + [0] + Plain.long(Int64(body.count))
        let frame = PlainFrame.word(2) + PlainFrame.word(1) + PlainFrame.word(Int32(head.count + body.count)) + head
        let stream = deflater.write(frame, .none) + deflater.write(body)
        #expect(stream.count < 80_000)
        try await peer.send(stream)
        await service.log.wait { $0.calls.count == 1 }
        #expect(service.log.now.calls.first?.batch.event(at: 0).body.readableBytes == body.count)
        #expect(service.log.now.failures == [])
        await peer.close()
        await server.stop(deadline: .now())
    }
}
