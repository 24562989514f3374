import Events
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import AvroRPC

/// A client and a server of ours over real sockets and real OpenSSL, in every combination of layers.
@Suite(.timeLimit(.minutes(2))) struct LayeredConnectionTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var tls: Bool
        var compression: RPCCompression?
        /// The server's `compression-type`.
        var deflate: Bool
        var testDescription: String {
            let compressed = compression.map { "deflate level \($0.level) \($0.order.rawValue)" } ?? "no deflate"
            return "ssl \(tls), client \(compressed), server deflate \(deflate)"
        }

        static let all: [Row] = {
            var rows: [Row] = []
            for level in RPCCompression.levels {
                rows.append(Row(tls: false, compression: RPCCompression(level: level), deflate: true))
            }
            for order in RPCCompression.Order.allCases {
                for level in [0, 1, 6, 9] {
                    rows.append(Row(tls: true, compression: RPCCompression(level: level, order: order), deflate: true))
                }
            }
            // Without TLS the order says nothing.
            rows.append(Row(tls: false, compression: RPCCompression(order: .insideTLS), deflate: true))
            // A plain client is taken by a source that compresses.
            rows.append(Row(tls: false, compression: nil, deflate: true))
            rows.append(Row(tls: true, compression: nil, deflate: true))
            return rows
        }()
    }

    private static func settings(_ compression: RPCCompression?) -> RPCClientSettings {
        var settings = RPCClientSettings.hasty()
        settings.compression = compression
        return settings
    }

    @Test(arguments: Row.all) func batchesOfManySizes(row: Row) async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(service, tls: row.tls, deflate: row.deflate)
        let client = try await TestClient.connect(
            server.port,
            tls: row.tls ? Contexts.client() : nil,
            settings: Self.settings(row.compression)
        )
        #expect(try await client.peer() == service.description)
        var random = SeededGenerator(seed: 7)
        let sizes = [1, 100, 700_000, 40_000, 2_000]
        for (number, size) in sizes.enumerated() {
            let text = number % 2 == 0 ? String(repeating: "y", count: size) : String(random.next(), radix: 2)
            try await client.send(UInt64(number), .small(text + " \(number)"))
        }
        #expect(await client.events(5) == (0..<5).map { .settled($0, nil) })
        let bodies = service.log.now.calls.map { $0.batch.event(at: 0).body.readableBytesView.last }
        #expect(bodies == (0..<5).map { UInt8(0x30 + $0) })
        #expect(service.log.now.calls.map { $0.batch.bytes.readableBytes }.max().map { $0 > 700_000 } == true)
        try await client.closeWhenIdle()
        let log = await service.log.wait { $0.connections == 0 }
        #expect(log.connections == 0)
        #expect(log.failures == [])
        await server.stop(deadline: .now())
    }

    /// A full window's answers come in time, and the server's stop answers what it holds.
    @Test(arguments: [
        Row(tls: false, compression: RPCCompression(), deflate: true),
        Row(tls: true, compression: RPCCompression(order: .outsideTLS), deflate: true),
        Row(tls: true, compression: RPCCompression(order: .insideTLS), deflate: true),
    ]) func aServersStop(row: Row) async throws {
        let service = RecordingService { _, _ in nil }
        let server = try await RPCServer.live(service, tls: row.tls, deflate: row.deflate)
        let client = try await TestClient.connect(
            server.port,
            tls: row.tls ? Contexts.client() : nil,
            settings: Self.settings(row.compression)
        )
        for number in UInt64(0)..<4 { try await client.send(number) }
        await service.log.wait { $0.calls.count == 4 }
        try await client.ping()
        #expect(await client.events(1) == [.pong], "answered while four calls are open")
        async let stopped: Void = server.stop(deadline: .now() + .seconds(8))
        for index in 0..<4 { service.release(index) }
        #expect(await client.events(6) == [.pong] + (0..<4).map { .settled($0, nil) } + [.closed(.connectionClosed)])
        await stopped
        #expect(service.log.now.failures == [])
    }

    /// What the ends do not agree on: one clear line on both sides.
    struct Mismatch: Sendable, CustomTestStringConvertible {
        var name: String
        var client: (tls: Bool, compression: RPCCompression?)
        var server: (tls: Bool, deflate: Bool)
        var clientSays: String
        var serverSays: String
        var code: RPCError.Code
        var testDescription: String { name }
    }

    private static let outside = RPCCompression(order: .outsideTLS)
    private static let inside = RPCCompression(order: .insideTLS)

    @Test(arguments: [
        Mismatch(
            name: "a compressing sink, a plain source",
            client: (false, outside),
            server: (false, false),
            clientSays: "this end compresses: is `compression-type = deflate` set at the peer?",
            serverSays: "the peer compresses (`compression-type = deflate`)",
            code: .layers
        ),
        Mismatch(
            name: "a compressing sink outside TLS, a source with TLS alone",
            client: (true, outside),
            server: (true, false),
            clientSays: "this end compresses outside TLS",
            serverSays: "deflate",
            code: .tls
        ),
        Mismatch(
            name: "a compressing sink inside TLS, a source with TLS alone",
            client: (true, inside),
            server: (true, false),
            clientSays: "this end compresses inside TLS: is `compression-type = deflate` set at the peer",
            serverSays: "the peer compresses (`compression-type = deflate`)",
            code: .layers
        ),
        Mismatch(
            name: "a plain sink, a source with TLS and compression",
            client: (false, nil),
            server: (true, true),
            clientSays: "closed the connection",
            serverSays: "the peer speaks plain text, and `ssl = true` is set here",
            code: .tls
        ),
        Mismatch(
            name: "a compressing sink, a source with TLS and compression",
            client: (false, outside),
            server: (true, true),
            clientSays: "closed the connection",
            serverSays: "the peer speaks plain text inside its compression, and `ssl = true` is set here",
            code: .tls
        ),
        Mismatch(
            name: "a sink with TLS, a plain source",
            client: (true, nil),
            server: (false, false),
            clientSays: "TLS",
            serverSays: "the peer speaks TLS: set `ssl = true` here, or `false` there",
            code: .layers
        ),
        Mismatch(
            name: "a sink with TLS, a source with compression",
            client: (true, nil),
            server: (false, true),
            clientSays: "TLS",
            serverSays: "the peer speaks TLS: set `ssl = true` here, or `false` there",
            code: .layers
        ),
        Mismatch(
            name: "a sink with TLS inside its compression, a source with compression",
            client: (true, outside),
            server: (false, true),
            clientSays: "this end compresses outside TLS",
            serverSays: "the peer speaks TLS: set `ssl = true` here, or `false` there",
            code: .layers
        ),
    ]) func mismatches(row: Mismatch) async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(service, tls: row.server.tls, deflate: row.server.deflate)
        let error = await #expect(throws: RPCError.self) {
            try await TestClient.connect(
                server.port,
                tls: row.client.tls ? Contexts.client() : nil,
                settings: Self.settings(row.client.compression)
            )
        }
        #expect(error?.message.contains(row.clientSays) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("127.0.0.1:\(server.port ?? 0)") == true, "\(error?.message ?? "")")
        let failures = await service.log.wait { $0.connections == 0 && !$0.failures.isEmpty }.failures
        #expect(failures.map(\.code) == [row.code])
        #expect(failures.first?.message.contains(row.serverSays) == true, "\(failures)")
        await server.stop(deadline: .now())
    }

    /// Servers that are not ours: one that never compresses, one with the other order, one that hangs up.
    @Test(
        arguments: [
            (PlainFrame(1, Plain.both).bytes, "does not compress: its first bytes are an Avro RPC frame"),
            (hex("15030100020246"), "`compression-order = inside-tls`"),
            (Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), "does not compress"),
            ([], "this end compresses: is `compression-type = deflate` set at the peer?"),
            (hex("789c07"), "cannot be read"),
        ] as [([UInt8], String)]
    ) func answersThatAreNotCompressed(bytes: [UInt8], text: String) async throws {
        let listener = try await RawListener.start { $0.isEmpty ? nil : bytes }
        let error = await #expect(throws: RPCError.self) {
            try await TestClient.connect(listener.port, settings: Self.settings(Self.outside))
        }
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
        await listener.stop()
    }

    /// Whether python3 runs here; says so when it does not, since its test is then passed over.
    static let hasPython: Bool = {
        do {
            try CertificateMaker.run("python3", ["-c", "import zlib"], in: "/")
            return true
        } catch {
            print("python3 does not run here, its zlib is not tested against: \(error)")
            return false
        }
    }()

    /// Bytes of another implementation, both ways: Python's zlib compresses what the server reads and reads its answers.
    @Test(.enabled(if: LayeredConnectionTests.hasPython)) func pythonsZlib() async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(service, deflate: true)
        let program = """
            import socket, struct, sys, zlib
            def word(n): return struct.pack('>i', n)
            def frame(serial, *parts):
                return word(serial) + word(len(parts)) + b''.join(word(len(p)) + p for p in parts)
            h = bytes.fromhex('86aadae2c45474c0fe93ffd0f2350a65')
            hand = h + b'\\0' + h + b'\\2\\0'
            for level in range(0, 10):
                s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
                c, d = zlib.compressobj(level), zlib.decompressobj()
                got = b''
                for serial in range(1, 6):
                    body = (b'%d ' % serial) * (1 << (3 * serial))
                    n = len(body) << 1
                    size = b''
                    while n > 127:
                        size += bytes([n & 127 | 128]); n >>= 7
                    size += bytes([n])
                    call = b'\\0\\x0cappend', b'\\0' + size + body
                    f = frame(serial, hand + call[0], call[1]) if serial == 1 else frame(serial, *call)
                    s.sendall(c.compress(f) + c.flush(zlib.Z_SYNC_FLUSH))
                    want = len(got) + (19 if serial == 1 else 15)
                    while len(got) < want:
                        piece = s.recv(65536)
                        assert piece, 'closed'
                        got += d.decompress(piece)
                    assert len(got) == want, (len(got), want)
                    assert got.endswith(b'\\0\\0\\0'), got
                s.sendall(c.flush(zlib.Z_FINISH))
                while True:
                    piece = s.recv(65536)
                    if not piece: break
                    got += d.decompress(piece)
                assert len(got) == want and d.eof, 'no end'
            """
        let port = "\(server.port ?? 0)"
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result { try CertificateMaker.run("python3", ["-c", program, port], in: "/") }
                )
            }
        }
        let calls = await service.log.wait { $0.calls.count == 50 }.calls
        #expect(calls.count == 50)
        #expect(service.log.now.failures == [])
        await server.stop(deadline: .now())
    }
}
