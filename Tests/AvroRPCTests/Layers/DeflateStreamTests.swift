import CZlib
import Events
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import AvroRPC

/// Compressed streams in and out of a server's pipeline, without sockets; the other end is zlib used plainly.
@Suite(.timeLimit(.minutes(1))) struct DeflateStreamTests {
    /// A handshake and some calls, big and small.
    private static let frames: [PlainFrame] =
        [PlainFrame(1, Plain.handshake(), Plain.append)]
        + [3, 40, 9_000].enumerated().map { index, size in
            PlainFrame(
                Int32(index + 2),
                Plain.call("append"),
                Plain.event([("n", "\(index)")], String(repeating: "line \(index) ", count: size / 7))
            )
        }

    private static let answers: [PlainFrame] =
        [PlainFrame(1, Plain.both + Plain.ok)] + (2...4).map { PlainFrame($0, Plain.ok) }

    /// A stream of zlib's as a peer writes it: a sync flush behind each frame.
    private static func stream(_ frames: [PlainFrame], level: Int32 = 6, end: Bool = false) -> [UInt8] {
        let deflater = PlainDeflater(level: level)
        return frames.flatMap { deflater.write($0.bytes) } + (end ? deflater.write([], .finish) : [])
    }

    private static func answers(_ server: EmbeddedServer) throws -> [PlainFrame] {
        try PlainFrame.parse(inflated(server.sent())).frames.map(\.oneBuffer)
    }

    /// What our server sends is one stream with Flume's header, flushed to the last byte after each read.
    @Test func answersAreOneStream() throws {
        let server = try EmbeddedServer()
        let deflater = PlainDeflater()
        var sent: [UInt8] = []
        for (index, frame) in Self.frames.enumerated() {
            server.receive(deflater.write(frame.bytes))
            let piece = try server.sent()
            #expect(piece.suffix(4) == [0, 0, 0xff, 0xff])
            sent += piece
            #expect(PlainFrame.parse(try inflated(sent)).frames.count == index + 1)
        }
        #expect(sent.prefix(2) == [0x78, 0x9c])
        #expect(try PlainFrame.parse(inflated(sent)).frames.map(\.oneBuffer) == Self.answers)
        // Many calls in one read: one flush.
        server.receive((5..<105).flatMap { deflater.write(PlainFrame(Int32($0), Plain.append).bytes) })
        let many = try server.sent()
        #expect(many.count < 1_000)
        #expect(PlainFrame.parse(try inflated(sent + many)).frames.count == 104)
        server.finish()
    }

    @Test(arguments: 0...9) func levels(level: Int32) throws {
        let server = try EmbeddedServer()
        server.receive(Self.stream(Self.frames, level: level))
        #expect(try Self.answers(server) == Self.answers)
        #expect(server.service.log.now.failures == [])
        server.finish()
    }

    /// Cut in two after every byte, at a level that compresses and at one that does not.
    @Test(arguments: [0, 6] as [Int32]) func cutAnywhere(level: Int32) throws {
        let stream = Self.stream(Array(Self.frames.prefix(3)), level: level, end: true)
        for cut in 0...stream.count {
            let server = try EmbeddedServer()
            server.receive(stream[..<cut])
            server.receive(stream[cut...])
            #expect(try PlainFrame.parse(inflated(server.sent())).frames.count == 3, "cut after \(cut)")
            #expect(server.service.log.now.failures == [])
            #expect(!server.channel.isActive, "the stream's end is the connection's")
            server.finish()
        }
    }

    @Test func aByteAtATime() throws {
        let server = try EmbeddedServer()
        for byte in Self.stream(Self.frames) { server.receive([byte]) }
        #expect(try Self.answers(server) == Self.answers)
        server.finish()
    }

    /// Random frames, flushes, levels and cuts: the same calls come out, in order.
    @Test func randomStreams() throws {
        var random = SeededGenerator.announced("randomStreams")
        for round in 0..<40 {
            let deflater = PlainDeflater(level: Int32(random.below(10)), windowBits: Int32(9 + random.below(7)))
            var bodies: [[UInt8]] = []
            var stream = deflater.write(PlainFrame(0, Plain.handshake() + Plain.ping).bytes, .none)
            for serial in 1...(1 + random.below(12)) {
                let size = random.below(3) == 0 ? random.below(100_000) : random.below(300)
                let body = random.below(2) == 0 ? random.bytes(size) : Array(repeating: UInt8(serial), count: size)
                bodies.append(body)
                var rest = Plain.call("append") + [0] + Plain.bytes(body)
                var buffers: [[UInt8]] = []
                while !rest.isEmpty {
                    let part = min(rest.count, 1 + random.below(rest.count > 20_000 ? 20_000 : 64))
                    buffers.append(Array(rest.prefix(part)))
                    rest.removeFirst(part)
                }
                let bytes = PlainFrame(Int32(serial), cut: buffers).bytes
                let middle = random.below(bytes.count + 1)
                let flushes: [PlainDeflater.Flush] = [.none, .partial, .sync, .full, .block]
                stream += deflater.write(Array(bytes[..<middle]), flushes[random.below(5)])
                stream += deflater.write(Array(bytes[middle...]), flushes[random.below(5)])
            }
            stream += deflater.write([], .sync)
            let server = try EmbeddedServer()
            var rest = stream[...]
            while !rest.isEmpty {
                let part = 1 + random.below(random.below(3) == 0 ? 100_000 : 40)
                server.receive(rest.prefix(part))
                rest = rest.dropFirst(part)
                server.channel.embeddedEventLoop.run()
            }
            let calls = server.service.log.now.calls
            #expect(calls.map { $0.batch.event(at: 0).body.allBytes } == bodies, "round \(round)")
            let answers = try PlainFrame.parse(inflated(server.sent())).frames
            #expect(answers.map(\.serial) == (0...Int32(bodies.count)).map { $0 }, "round \(round)")
            server.finish()
        }
    }

    /// Our client's half against plain zlib: any writes, any flushes, any level.
    @Test(.ownThread, arguments: RPCCompression.levels) func whatWeSend(level: Int) throws {
        var random = SeededGenerator.announced("whatWeSend")
        let channel = EmbeddedChannel()
        let handler = DeflateHandler(level: level, memoryLevel: 8) { Issue.record("\($0)") }
        try channel.pipeline.syncOperations.addHandler(handler)
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        var plain: [UInt8] = []
        var sent: [UInt8] = []
        func collect() throws {
            while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
                #expect(buffer.readableBytes <= 128 << 10)
                sent += buffer.allBytes
            }
        }
        for _ in 0..<40 {
            for _ in 0..<random.below(4) {
                let size = random.below(4) == 0 ? random.below(150_000) : random.below(200)
                let bytes = random.below(2) == 0 ? random.bytes(size) : Array(repeating: 7, count: size)
                plain += bytes
                channel.write(ByteBuffer(bytes: bytes), promise: nil)
            }
            channel.flush()
            try collect()
            if !plain.isEmpty { #expect(try inflated(sent, limit: plain.count + 1) == plain) }
        }
        #expect(sent.prefix(2) == [0x78, 0x9c] || level != 6)
        channel.close(promise: nil)
        try collect()
        // Adler-32 of the bytes, as it stands at a stream's end.
        let end = PlainFrame.word(Int32(truncatingIfNeeded: adler32(1, plain, UInt32(plain.count))))
        #expect(Array(sent.suffix(4)) == end, "the stream's end is sent before the close")
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    /// Promises of writes are kept by the flush that sends them, and broken by the connection's end.
    @Test func promisesOfWrites() throws {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(DeflateHandler(level: 6, memoryLevel: 8) { _ in })
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        let ended = Recorded<String>()
        func write(_ name: String, _ bytes: [UInt8]) {
            let promise = channel.eventLoop.makePromise(of: Void.self)
            promise.futureResult.whenComplete { result in
                switch result {
                case .success: ended.add(name)
                case .failure: ended.add("no \(name)")
                }
            }
            channel.write(ByteBuffer(bytes: bytes), promise: promise)
        }
        write("a", [1])
        write("b", [])
        #expect(ended.all == [])
        channel.flush()
        #expect(ended.all == ["a", "b"])
        write("c", [])
        channel.flush()
        #expect(ended.all == ["a", "b", "c"])
        channel.flush()
        channel.close(promise: nil)
        channel.embeddedEventLoop.run()
        write("d", [1])
        #expect(ended.all == ["a", "b", "c", "no d"])
    }
}
