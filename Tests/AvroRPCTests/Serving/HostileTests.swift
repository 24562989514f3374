import NIOCore
import Testing

@testable import AvroRPC

/// Bytes that are no Flume.
struct Hostile: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var breach: RPCBreach
    /// Where the first bytes of a connection say more than the same bytes behind a handshake.
    var atStart: RPCBreach?
    var testDescription: String { name }

    static func all() throws -> [Hostile] {
        let head = PlainFrame.word(1)
        let one = head + PlainFrame.word(1)
        // The test's limit of a frame is 1 MiB.
        let half = Array(repeating: UInt8(0), count: 1 << 19)
        return [
            Hostile(name: "a huge count", bytes: head + PlainFrame.word(.max), breach: .frameBuffers),
            Hostile(name: "one buffer too many", bytes: head + PlainFrame.word(65_537), breach: .frameBuffers),
            Hostile(name: "a negative count", bytes: head + PlainFrame.word(-1), breach: .frameHead),
            Hostile(name: "the least count", bytes: head + PlainFrame.word(.min), breach: .frameHead),
            Hostile(name: "no buffers", bytes: head + PlainFrame.word(0), breach: .frameHead),
            Hostile(name: "a length of 0x7fffffff", bytes: one + PlainFrame.word(.max), breach: .frameBytes),
            Hostile(name: "a negative length", bytes: one + PlainFrame.word(-1), breach: .bufferLength),
            Hostile(name: "the least length", bytes: one + PlainFrame.word(.min), breach: .bufferLength),
            Hostile(
                name: "two buffers that are too much together",
                bytes: head + PlainFrame.word(2) + PlainFrame.word(1 << 19) + half + PlainFrame.word(1 << 19),
                breach: .frameBytes
            ),
            Hostile(name: "HTTP", bytes: Array("GET / HTTP/1.1\r\n\r\n".utf8), breach: .frameBuffers),
            Hostile(
                name: "HTTP of another kind",
                bytes: Array("POST /x HTTP/1.1\r\n\r\n".utf8),
                breach: .frameBuffers
            ),
            Hostile(
                name: "a TLS hello",
                bytes: try Capture("07-ssl").connections[0].client,
                breach: .frameHead,
                atStart: .layers
            ),
            Hostile(
                name: "a deflate client",
                bytes: try Capture("08-deflate-client-vs-plain-server").connections[0].client,
                breach: .frameBuffers,
                atStart: .layers
            ),
            // At the limit: a message of no bytes, malformed as any other; behind a handshake a call without a head.
            Hostile(
                name: "65,536 empty buffers",
                bytes: PlainFrame(1, cut: Array(repeating: [], count: 65_536)).bytes,
                breach: .handshake
            ),
        ]
    }
}

@Suite(.timeLimit(.minutes(1))) struct HostileTests {
    @Test(arguments: try Hostile.all(), [false, true])
    func oneConnectionEndsAndNoOther(hostile: Hostile, isEstablished: Bool) async throws {
        var limits = RPCLimits()
        limits.frameBytes = 1 << 20
        let service = RecordingService()
        let server = try await RPCServer.live(service, limits: limits)
        let good = try await RawPeer.connect(server.port)
        try await good.send(PlainFrame(1, Plain.handshake() + Plain.append))
        #expect(await good.frames(1).count == 1)

        let bad = try await RawPeer.connect(server.port)
        if isEstablished {
            try await bad.send(PlainFrame(1, Plain.handshake() + Plain.ping))
            #expect(await bad.frames(1).count == 1)
        }
        let before = bad.log.now.bytes.count
        try await bad.send(hostile.bytes)
        if !hostile.breach.leavesConnection {
            let end = await bad.end()
            #expect(end.bytes.count == before)
            let log = await service.log.wait { $0.connections == 1 }
            let breach = isEstablished ? hostile.breach : hostile.atStart ?? hostile.breach
            #expect(log.rejections.map(\.breach) == [breach])
        } else {
            let frames = await bad.frames(isEstablished ? 2 : 1)
            #expect(ServerProbe.matches(Array(frames.suffix(1)), [.error(1, after: [])]))
            let breach = isEstablished ? RPCBreach.callHead : hostile.breach
            #expect(service.log.now.rejections.map(\.breach) == [breach])
        }

        try await good.send(PlainFrame(2, Plain.append))
        #expect(await good.frames(2).last == PlainFrame(2, Plain.ok))
        #expect(service.log.now.calls.count == 2)
        await good.close()
        await bad.close()
        await server.stop(deadline: .now())
    }

    /// Meta maps are looked through for our own keys and not kept.
    @Test func aMapOfManyKeysIsNotKept() throws {
        let map = Plain.map((0..<20_000).map { ("tributary.\($0)", [1]) } + Plain.naming)
        var reader = MessageReader(ByteBuffer(bytes: map))
        #expect(try reader.map() == ["tributary": Array("1".utf8)])
        #expect(reader.isAtEnd)
    }
}
