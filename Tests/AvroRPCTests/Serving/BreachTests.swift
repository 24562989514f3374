import Events
import NIOCore
import Testing

@testable import AvroRPC

/// Bytes behind a finished handshake, and the one breach that they are.
struct BreachCase: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    /// `nil`: served.
    var breach: RPCBreach?
    var testDescription: String { name }

    init(_ name: String, _ bytes: [UInt8], _ breach: RPCBreach?) {
        (self.name, self.bytes, self.breach) = (name, bytes, breach)
    }

    init(_ name: String, batch: [UInt8], _ breach: RPCBreach?) {
        self.init(name, PlainFrame(1, Plain.call("appendBatch") + batch).bytes, breach)
    }

    static let limits: RPCLimits = {
        var limits = RPCLimits()
        limits.frameBytes = 4_096
        limits.frameBuffers = 4
        limits.events.events = 3
        limits.events.headers = 2
        limits.events.headerBytes = 40
        limits.events.bodyBytes = 100
        return limits
    }()

    private static func headers(_ count: Int) -> [UInt8] {
        Plain.event((0..<count).map { ("k\($0)", "v") }, "x")
    }

    /// A map of one header: count, key's length and key, value's length and value, end.
    private static func map(ofBytes count: Int) -> [UInt8] {
        Plain.event([("k", String(repeating: "v", count: count - 5))], "x")
    }

    private static func body(_ count: Int) -> [UInt8] { Plain.event([], String(repeating: "x", count: count)) }

    static let all: [BreachCase] = {
        let one = PlainFrame.word(1)
        let checksum: [(String, [UInt8])] = [("tributary.crc32c", [1, 2, 3, 4])]
        let tiny = Plain.event([], "")
        return [
            BreachCase("no buffers", one + PlainFrame.word(0), .frameHead),
            BreachCase("fewer than none", one + PlainFrame.word(-1), .frameHead),
            BreachCase("five buffers", one + PlainFrame.word(5), .frameBuffers),
            BreachCase("a negative buffer", one + one + PlainFrame.word(-1), .bufferLength),
            BreachCase("a frame of a byte too many", one + one + PlainFrame.word(4_085), .frameBytes),
            BreachCase("half a meta", PlainFrame(1, [2, 8, 0x61]).bytes, .callHead),
            BreachCase("a name that ends early", PlainFrame(1, [0, 8, 0x61]).bytes, .callHead),
            BreachCase("another message", PlainFrame(1, Plain.call("remove")).bytes, .unknownMessage),
            BreachCase("append without its body", PlainFrame(1, Plain.call("append") + [0]).bytes, .datumEnd),
            BreachCase("a batch that ends early", batch: [2, 0], .datumEnd),
            BreachCase("more events than bytes", batch: Plain.long(1_000), .datumEnd),
            BreachCase("a body past the end", batch: [2, 0, 20, 0x61, 0], .datumEnd),
            BreachCase("a body of negative length", batch: [2, 0, 1, 0], .datumValue),
            BreachCase("an integer without end", batch: Array(repeating: 0xff, count: 12), .datumValue),
            BreachCase("a block of another size", batch: [1, 6, 0, 0, 0, 0], .datumValue),
            BreachCase(
                "a wrong checksum",
                PlainFrame(1, Plain.call("append", meta: checksum) + Plain.event([], "x")).bytes,
                .checksum
            ),
            BreachCase("three events", batch: Plain.array([tiny, tiny, tiny]), nil),
            BreachCase("four events", batch: Plain.array([tiny, tiny, tiny, tiny]), .batchEvents),
            BreachCase("four events in two blocks", batch: [4] + tiny + tiny + [4] + tiny + tiny + [0], .batchEvents),
            BreachCase("two headers", batch: Plain.array([headers(2)]), nil),
            BreachCase("three headers", batch: Plain.array([headers(3)]), .eventHeaders),
            BreachCase(
                "three headers in two blocks",
                batch: [2, 4, 2, 97, 0, 2, 98, 0, 2, 2, 99, 0, 0, 0, 0],
                .eventHeaders
            ),
            BreachCase("headers of 40 bytes", batch: Plain.array([map(ofBytes: 40)]), nil),
            BreachCase("headers of 41 bytes", batch: Plain.array([map(ofBytes: 41)]), .headerBytes),
            BreachCase("a body of 100 bytes", batch: Plain.array([body(100)]), nil),
            BreachCase("a body of 101 bytes", batch: Plain.array([tiny, body(101)]), .bodyBytes),
            BreachCase("one event's body alone", PlainFrame(1, Plain.call("append") + body(101)).bytes, .bodyBytes),
        ]
    }()
}

@Suite(.timeLimit(.minutes(1))) struct BreachTests {
    /// The class, over a real socket: told once; the connection ends or does not as the class says; no other does.
    @Test(arguments: BreachCase.all) func isToldOnce(test: BreachCase) async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(service, limits: BreachCase.limits)
        let good = try await RawPeer.connect(server.port)
        try await good.send(PlainFrame(1, Plain.handshake() + Plain.append))
        #expect(await good.frames(1).count == 1)
        let bad = try await RawPeer.connect(server.port)
        try await bad.send(PlainFrame(0, Plain.handshake() + Plain.ping))
        #expect(await bad.frames(1).count == 1)

        try await bad.send(test.bytes)
        let expected = test.breach.map { [$0] } ?? []
        if test.breach?.leavesConnection ?? true {
            let reply = await bad.frames(2).last
            #expect(reply?.joined.starts(with: test.breach == nil ? Plain.ok : Plain.errorStart) == true)
            try await bad.send(PlainFrame(2, Plain.append))
            #expect(await bad.frames(3).last == PlainFrame(2, Plain.ok))
        } else {
            let end = await bad.end()
            #expect(end.errors == [])
            // What is well formed and too much is answered before the end.
            let isAnswered = [.batchEvents, .eventHeaders, .headerBytes, .bodyBytes].contains(test.breach)
            #expect(PlainFrame.parse(end.bytes).frames.count == (isAnswered ? 2 : 1))
            await bad.close()
            await service.log.wait { $0.connections == 1 }
        }
        #expect(service.log.now.rejections.map(\.breach) == expected)

        try await good.send(PlainFrame(2, Plain.append))
        #expect(await good.frames(2).last == PlainFrame(2, Plain.ok))
        await good.close()
        await bad.close()
        await server.stop(deadline: .now())
    }

    @Test func aHandshakeThatCannotBeRead() {
        var connection = MachineConnection()
        connection.receive(PlainFrame(1, Array(repeating: 0, count: 15)))
        #expect(connection.rejections.map(\.breach) == [.handshake])
        #expect(connection.closed == nil)
    }

    /// An answer that is still to come comes, then the connection ends: a breach costs the other calls nothing.
    @Test func openCallsAreAnsweredBeforeTheEnd() async throws {
        let service = RecordingService { _, _ in nil }
        let server = try await RPCServer.live(service, limits: BreachCase.limits)
        let peer = try await RawPeer.connect(server.port)
        try await peer.send(PlainFrame(1, Plain.handshake() + Plain.append))
        await service.log.wait { $0.calls.count == 1 }
        let large = PlainFrame(2, Plain.call("append") + Plain.event([], String(repeating: "x", count: 101)))
        try await peer.send(large.bytes + large.bytes)
        #expect(await peer.frames(1).map(\.serial) == [2])
        service.release(0)
        let end = await peer.end()
        #expect(PlainFrame.parse(end.bytes).frames.map(\.serial) == [2, 1])
        #expect(service.log.now.rejections.map(\.breach) == [.bodyBytes])
        await peer.close()
        await server.stop(deadline: .now())
    }

    @Test func namesOfCountersAreUnique() {
        #expect(Set(RPCBreach.allCases.map(\.counterName)).count == RPCBreach.allCases.count)
    }
}
