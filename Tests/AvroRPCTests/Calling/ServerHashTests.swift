import NIOCore
import Testing

@testable import AvroRPC

/// What a client remembers of the servers that it met.
@Suite(.timeLimit(.minutes(1))) struct ServerHashTests {
    @Test func theOldestIsForgotten() {
        let hashes = ServerHashes(limit: 3)
        for number in 0..<3 { hashes.remember([UInt8(number)], of: "10.0.0.\(number):1") }
        hashes.remember([9], of: "10.0.0.0:1")
        #expect(hashes.hash(of: "10.0.0.0:1") == [9])
        #expect(hashes.hash(of: "10.0.0.0:2") == nil)
        for number in 3..<1_000 { hashes.remember([UInt8(number % 256)], of: "10.0.0.\(number):1") }
        #expect(hashes.hash(of: "10.0.0.0:1") == nil)
        #expect(hashes.hash(of: "10.0.0.996:1") == nil)
        #expect((997..<1_000).map { hashes.hash(of: "10.0.0.\($0):1") } == [[229], [230], [231]])
    }

    /// Serves a client as a server of another version does: CLIENT or NONE with its own hash while the client names
    /// another, BOTH once it names that.
    private static func server(_ none: Bool) async throws -> ScriptedServer {
        try await ScriptedServer.start { _, index, frame in
            let bytes = frame.joined
            var reader = PlainReader(bytes)
            guard reader.take(16) != nil, let hasText = reader.long(), index < 2 else { return [] }
            if hasText == 1 { _ = reader.string() }
            let named = reader.take(16)
            let ours: [UInt8] = [2] + Plain.string("{}") + [2] + Plain.bare + [0]
            let isKnown = !none || hasText == 1
            guard isKnown else { return [.send(PlainFrame(frame.serial, [4] + ours))] }
            return [.send(PlainFrame(frame.serial, named == Plain.bare ? Plain.both : [2] + ours))]
        }
    }

    /// Java's order: a guess first, the learnt hash on the next connection, which is answered BOTH at once.
    @Test(arguments: [false, true]) func theNextConnectionNamesWhatWasLearnt(none: Bool) async throws {
        let server = try await Self.server(none)
        for _ in 0..<2 { try await TestClient.connect(server.port).close() }
        let log = await server.log.wait { $0.closed.count == 2 }
        func hashes(_ connection: Int) -> [[UInt8]] {
            log.frames[connection].map { frame in
                var reader = PlainReader(frame.joined)
                _ = reader.take(16)
                if reader.long() == 1 { _ = reader.string() }
                return reader.take(16) ?? []
            }
        }
        #expect(hashes(0) == (none ? [Plain.released, Plain.bare] : [Plain.released]))
        // A server that does not know ours is told again, with its own hash this time.
        #expect(hashes(1) == (none ? [Plain.bare, Plain.bare] : [Plain.bare]))
        await server.stop()
    }

    /// A server that was met at another address is another server.
    @Test func anotherAddressIsAnotherServer() async throws {
        let first = try await Self.server(false)
        try await TestClient.connect(first.port).close()
        let second = try await Self.server(false)
        try await TestClient.connect(second.port).close()
        let frame = await second.log.wait { $0.closed.count == 1 }.frames[0][0]
        #expect(Array(frame.joined[17..<33]) == Plain.released)
        await first.stop()
        await second.stop()
    }
}
