import NIOCore
import Testing

@testable import AvroRPC

/// A first frame of a connection, and the handshake that answers it.
struct HandshakeRow: Sendable, CustomTestStringConvertible {
    var client: [UInt8]
    var hasText: Bool
    var knowsServer: Bool
    /// 0 BOTH, 1 CLIENT, 2 NONE.
    var match: Int64

    var testDescription: String {
        "\(client.prefix(2)) \(hasText ? "with" : "without") text, server \(knowsServer ? "known" : "unknown")"
    }

    static let all: [HandshakeRow] =
        [Plain.released, Plain.trunk, Plain.bare].flatMap { client in
            [true, false].flatMap { hasText in
                [
                    HandshakeRow(client: client, hasText: hasText, knowsServer: true, match: 0),
                    HandshakeRow(client: client, hasText: hasText, knowsServer: false, match: 1),
                ]
            }
        } + [
            HandshakeRow(client: Plain.stranger, hasText: false, knowsServer: true, match: 2),
            HandshakeRow(client: Plain.stranger, hasText: false, knowsServer: false, match: 2),
            HandshakeRow(client: Plain.stranger, hasText: true, knowsServer: true, match: 0),
            HandshakeRow(client: Plain.stranger, hasText: true, knowsServer: false, match: 1),
        ]
}

@Suite struct ServerHandshakeTests {
    /// What the five keys of a server of ours are, as a plain reader sees them.
    static let description: [String: [UInt8]] = [
        "tributary": Array("1".utf8), "tributary.process": Array(repeating: 7, count: 16),
        "tributary.acknowledge": Array("delivered".utf8), "tributary.calls": Array("8".utf8),
        "tributary.bytes": Array("67108864".utf8),
    ]

    private func ourselves(_ match: Int64) throws -> [UInt8] {
        if match == 0 { return [0, 0, 0] }
        return Plain.long(match) + [2] + Plain.string(try Capture.protocolText()) + [2] + Plain.released
    }

    @Test(arguments: HandshakeRow.all, [Plain.released, Plain.trunk, Plain.bare])
    func exactBytes(row: HandshakeRow, server: [UInt8]) throws {
        var connection = MachineConnection()
        let request = Plain.handshake(
            row.client,
            text: row.hasText ? "{}" : nil,
            row.knowsServer ? server : Array(Plain.stranger.reversed())
        )
        let replies = connection.receive(PlainFrame(5, request, Plain.append))
        // Meta null, as Java, for a peer without a name. After NONE nothing follows and nothing is done.
        let expected = try ourselves(row.match) + [0] + (row.match == 2 ? [] : Plain.ok)
        #expect(replies == [PlainFrame(5, expected)])
        #expect(connection.calls.count == (row.match == 2 ? 0 : 1))
    }

    @Test func noneLeavesTheConnectionInHandshake() throws {
        var connection = MachineConnection()
        let strange = Plain.handshake(Plain.stranger)
        let none = try ourselves(2) + [0]
        for serial in Int32(1)...3 {
            #expect(connection.receive(PlainFrame(serial, strange, Plain.append)) == [PlainFrame(serial, none)])
        }
        // A call without a handshake is none here.
        #expect(ServerProbe.matches(connection.receive(PlainFrame(4, Plain.append)), [.error(4, after: [])]))
        #expect(connection.calls.isEmpty)
        let known = Plain.handshake(Plain.stranger, text: "{}")
        #expect(connection.receive(PlainFrame(5, known, Plain.append)) == [PlainFrame(5, Plain.both + Plain.ok)])
        #expect(connection.receive(PlainFrame(6, Plain.append)) == [PlainFrame(6, Plain.ok)])
        #expect(connection.calls.count == 2)
    }

    @Test func aPingMayCarryTheHandshake() throws {
        var connection = MachineConnection()
        // Before: no handshake yet, no message either.
        #expect(ServerProbe.matches(connection.receive(PlainFrame(1, Plain.ping)), [.error(1, after: [])]))
        #expect(connection.receive(PlainFrame(2, Plain.handshake() + Plain.ping)) == [PlainFrame(2, Plain.both)])
        #expect(connection.receive(PlainFrame(3, Plain.ping)) == [PlainFrame(3, [])])
        // One buffer of no length, as Java's reply to a ping.
        #expect(connection.replies.last?.bytes == hex("00000003 00000001 00000000"))
        #expect(connection.calls.isEmpty)
    }

    @Test func onlyAPeerWithANameIsTold() throws {
        var named = MachineConnection()
        let reply = named.receive(PlainFrame(1, Plain.handshake(meta: Plain.naming) + Plain.append))
        var reader = PlainReader(try #require(reply.first).joined)
        #expect(reader.take(4) == [0, 0, 0, 2])
        #expect(reader.map() == Self.description)
        #expect(reader.rest == Plain.ok)
        #expect(named.isNamed)

        var other = MachineConnection()
        let strange = Plain.handshake(meta: [("client", [1]), ("tributar", [1]), ("tributary.calls", [0x31])])
        #expect(other.receive(PlainFrame(1, strange + Plain.append)) == [PlainFrame(1, Plain.both + Plain.ok)])
        #expect(!other.isNamed)
    }

    /// A name that comes with a hash we do not know: meta is in the NONE, and the name counts once it is taken.
    @Test func aNamedStranger() throws {
        var connection = MachineConnection()
        let reply = connection.receive(PlainFrame(1, Plain.handshake(Plain.stranger, meta: Plain.naming) + Plain.ping))
        #expect(reply.first?.joined.starts(with: try ourselves(2) + [2]) == true)
        #expect(!connection.isNamed)
        connection.receive(PlainFrame(2, Plain.handshake(Plain.stranger, text: "{}", meta: Plain.naming) + Plain.ping))
        #expect(connection.isNamed)
    }

    @Test func memoryIsBounded() {
        let memory = ProtocolMemory()
        func hash(_ number: Int) -> [UInt8] { Array(repeating: 0, count: 15) + [UInt8(number)] }
        func answer(_ number: Int, text: String?) -> UInt8? {
            var connection = MachineConnection(memory: memory)
            return connection.receive(PlainFrame(1, Plain.handshake(hash(number), text: text) + Plain.ping)).first?
                .joined.first
        }
        for number in 1...64 { #expect(answer(number, text: "{}") == 0) }
        // Shown again: no second place is taken.
        for number in 1...64 { #expect(answer(number, text: "{}") == 0) }
        for number in 1...64 { #expect(answer(number, text: nil) == 0) }
        #expect(answer(65, text: "{}") == 0)
        #expect(answer(1, text: nil) == 4, "the oldest is forgotten")
        for number in 2...65 { #expect(answer(number, text: nil) == 0) }
        // What we know by ourselves needs no place.
        var connection = MachineConnection(memory: memory)
        #expect(connection.receive(PlainFrame(1, Plain.handshake(Plain.bare) + Plain.ping)).first?.joined == Plain.both)
    }
}
