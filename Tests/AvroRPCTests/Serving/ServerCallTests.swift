import Events
import NIOCore
import Testing

@testable import AvroRPC

/// Bytes of a call that cannot be read.
struct MalformedCall: Sendable, CustomTestStringConvertible {
    var name: String
    var message: [UInt8]
    var testDescription: String { name }

    static let all: [MalformedCall] = [
        MalformedCall(name: "nothing", message: []),
        MalformedCall(name: "meta alone", message: [0]),
        MalformedCall(name: "meta of a huge count", message: Plain.long(.max)),
        MalformedCall(name: "meta of the least count", message: Plain.long(.min)),
        MalformedCall(name: "meta that ends in a key", message: [2, 20, 0x61]),
        MalformedCall(
            name: "a block whose size is wrong",
            message: Plain.long(-1) + Plain.long(9) + [2, 97, 2, 98, 0]
        ),
        MalformedCall(name: "a name of negative length", message: [0, 1]),
        MalformedCall(name: "a name that is too long", message: [0, 40, 97]),
        MalformedCall(name: "append of nothing", message: Plain.call("append")),
        MalformedCall(name: "append without its body", message: Plain.call("append") + [0]),
        MalformedCall(name: "a batch of nothing", message: Plain.call("appendBatch")),
        MalformedCall(name: "a batch of a huge count", message: Plain.call("appendBatch") + Plain.long(.max)),
        MalformedCall(name: "a batch without its end", message: Array(Plain.batch.dropLast())),
        MalformedCall(name: "an integer of eleven bytes", message: Array(repeating: 0xff, count: 11)),
    ]
}

@Suite struct ServerCallTests {
    private func established(
        named: Bool = false,
        isEncrypted: Bool = false,
        rule: @escaping (Int, RPCCall) -> RPCAnswer = { _, _ in .ok }
    ) -> MachineConnection {
        var connection = MachineConnection(isEncrypted: isEncrypted, rule: rule)
        connection.receive(PlainFrame(0, Plain.handshake(meta: named ? Plain.naming : []) + Plain.ping))
        return connection
    }

    @Test(arguments: MalformedCall.all)
    func malformedDataConcernOneCall(call: MalformedCall) {
        var connection = established()
        let reply = connection.receive(PlainFrame(1, call.message))
        #expect(ServerProbe.matches(reply, [.error(1, after: [])]), "\(reply)")
        #expect(connection.calls.isEmpty)
        #expect(connection.receive(PlainFrame(2, Plain.append)) == [PlainFrame(2, Plain.ok)])
    }

    @Test func malformedHandshakesLeaveTheConnectionOpen() {
        var connection = MachineConnection()
        let whole = Plain.handshake(text: "{}", meta: [("a", [1])])
        for length in 0..<whole.count {
            let reply = connection.receive(PlainFrame(1, Array(whole.prefix(length))))
            #expect(ServerProbe.matches(reply, [.error(1, after: [])]), "\(length) bytes")
        }
        // A union's branch that there is not.
        let reply = connection.receive(PlainFrame(1, Plain.trunk + [4] + Plain.trunk + [0] + Plain.ping))
        #expect(ServerProbe.matches(reply, [.error(1, after: [])]))
        #expect(connection.receive(PlainFrame(2, whole + Plain.append)) == [PlainFrame(2, Plain.both + Plain.ok)])
    }

    @Test func anUnknownNameIsNotEchoedWithoutEnd() {
        var connection = established()
        let reply = connection.receive(PlainFrame(1, Plain.call(String(repeating: "x", count: 1 << 20))))
        #expect(ServerProbe.matches(reply, [.error(1, after: [])]))
        #expect((reply.first?.joined.count ?? .max) < 1_000)
        #expect(connection.receive(PlainFrame(2, Plain.append)) == [PlainFrame(2, Plain.ok)])
    }

    @Test func statusesAndErrors() {
        var connection = established { index, _ in [.ok, .failed, .error("kaput \u{e9}")][index] }
        for serial in Int32(1)...3 { connection.receive(PlainFrame(serial, Plain.append)) }
        #expect(
            connection.replies.dropFirst() == [
                PlainFrame(1, [0, 0, 0]), PlainFrame(2, [0, 0, 2]),
                PlainFrame(3, hex("00 01 00 10 6b 61 70 75 74 20 c3 a9")),
            ]
        )
    }

    @Test func duplicateSerialsAreTwoCalls() {
        var connection = established()
        for _ in 0..<2 { #expect(connection.receive(PlainFrame(1, Plain.append)) == [PlainFrame(1, Plain.ok)]) }
        #expect(connection.calls.count == 2)
    }

    @Test func anEmptyBatchIsServed() {
        var connection = established()
        #expect(connection.receive(PlainFrame(1, Plain.call("appendBatch") + [0])) == [PlainFrame(1, Plain.ok)])
        #expect(connection.calls.map(\.batch.count) == [0])
    }

    @Test func eventsArriveAsTheyWereSent() throws {
        var connection = established()
        connection.receive(PlainFrame(1, Plain.append))
        connection.receive(PlainFrame(2, Plain.batch))
        try #require(connection.calls.map(\.message) == [.append, .appendBatch])
        #expect(connection.calls[0].batch.events == [Event(headers: ["host": "a"], body: "hello")])
        #expect(connection.calls[1].batch.events == [Event(headers: ["host": "a"], body: "a"), Event(body: "")])
        #expect(connection.calls.map(\.isFromNamedPeer) == [false, false])
    }

    /// Where the sender cut carries no meaning: every place of a second border, with and without a handshake in front.
    @Test func bordersAnywhere() {
        let meta: [(String, [UInt8])] = [("tributary.left", [0, 0, 0, 9]), ("b", [])]
        let message = Plain.call("append", meta: meta) + Plain.event([("host", "a")], "hello")
        for handshake in [Plain.handshake(meta: Plain.naming), []] {
            let whole = handshake + message
            for cut in 0...whole.count {
                var connection = handshake.isEmpty ? established(named: true) : MachineConnection()
                let reply = connection.receive(PlainFrame(1, Array(whole[..<cut]), Array(whole[cut...])))
                #expect(reply.first?.joined.suffix(3) == [0, 0, 0], "cut at \(cut)")
                #expect(connection.calls.first?.batch.events == [Event(headers: ["host": "a"], body: "hello")])
                #expect(connection.calls.first?.timeLeft == .milliseconds(9))
            }
        }
    }

    @Test func metaInEveryForm() {
        let pair = Plain.string("a") + Plain.bytes([1])
        let forms: [[UInt8]] = [
            Plain.map([("a", [1]), ("b", [])]),
            Plain.long(1) + pair + Plain.long(1) + pair + [0],
            Plain.long(-1) + Plain.long(Int64(pair.count)) + pair + [0],
            Plain.long(-2) + Plain.long(Int64(pair.count * 2)) + pair + pair + Plain.long(1) + pair + [0],
        ]
        for form in forms {
            var connection = established()
            let message = form + Plain.string("append") + Plain.event([], "x")
            #expect(connection.receive(PlainFrame(1, message)) == [PlainFrame(1, Plain.ok)])
        }
    }

    @Test func timeLeftIsANamedPeersOnly() {
        for (meta, expected) in [
            ([("tributary.left", [0, 0, 0x27, 0x10])], TimeAmount.milliseconds(10_000)),
            ([("tributary.left", [0xff, 0xff, 0xff, 0xff])], .milliseconds(4_294_967_295)),
            ([("tributary.left", [0, 0, 0, 0])], .milliseconds(0)),
            // Not four bytes: nothing was said.
            ([("tributary.left", [0x27, 0x10])], nil),
            ([], nil),
        ] as [([(String, [UInt8])], TimeAmount?)] {
            var named = established(named: true)
            named.receive(PlainFrame(1, Plain.call("append", meta: meta) + Plain.event([], "x")))
            #expect(named.calls.map(\.timeLeft) == [expected])
            #expect(named.calls.map(\.isFromNamedPeer) == [true])
            var other = established()
            other.receive(PlainFrame(1, Plain.call("append", meta: meta) + Plain.event([], "x")))
            #expect(other.calls.map(\.timeLeft) == [nil])
        }
    }

    /// A call with a checksum over its name and payload.
    private func checked(_ serial: Int32, flipping bit: Int? = nil, crc: UInt32? = nil) -> PlainFrame {
        var rest = Plain.string("appendBatch") + Plain.array([Plain.event([("host", "a")], "hello")])
        let sum = crc ?? plainChecksum(rest)
        if let bit { rest[bit / 8] ^= 1 << UInt8(bit % 8) }
        let meta = Plain.map([("tributary.crc32c", PlainFrame.word(Int32(bitPattern: sum)))])
        return PlainFrame(serial, meta + rest)
    }

    @Test func checksums() {
        var connection = established(named: true)
        #expect(connection.receive(checked(1)) == [PlainFrame(1, Plain.ok)])
        // In two buffers, wherever they are cut.
        let whole = checked(2).joined
        for cut in 0...whole.count {
            let frame = PlainFrame(2, Array(whole[..<cut]), Array(whole[cut...]))
            #expect(connection.receive(frame) == [PlainFrame(2, Plain.ok)], "cut at \(cut)")
        }
        let calls = connection.calls.count
        #expect(connection.receive(checked(3, crc: 0)) == [])
        #expect(connection.closed?.code == .checksumMismatch)
        #expect(connection.calls.count == calls)
    }

    /// No flipped bit behind the map gets through, be the flipped call readable or not.
    @Test func everyFlippedBitIsSeen() {
        let bits = (Plain.string("appendBatch") + Plain.array([Plain.event([("host", "a")], "hello")])).count * 8
        var served = 0
        for bit in 0..<bits {
            var connection = established(named: true)
            connection.receive(checked(1, flipping: bit))
            served += connection.calls.count
        }
        #expect(served == 0)
    }

    @Test func tlsNeedsNoChecksum() {
        var connection = established(named: true, isEncrypted: true)
        #expect(connection.receive(checked(1, crc: 0)) == [PlainFrame(1, Plain.ok)])
        #expect(connection.closed == nil)
    }
}
