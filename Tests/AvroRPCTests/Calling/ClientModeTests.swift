import AvroRPC
import Events
import NIOCore
import Testing

/// A server that differs from Java's in one way, and what three calls to it come to.
struct ServerMode: Sendable, CustomTestStringConvertible {
    var name: String
    /// The reply to the handshake's ping and what to do for each call behind it.
    var script: ScriptedServer.Script
    /// `nil`: the connection cannot be opened.
    var outcomes: [RPCError.Code?]?
    /// Whether the connection is open afterwards.
    var staysOpen = true
    var testDescription: String { name }

    /// The usual server, with one answer of its own to a call.
    private static func answering(
        _ handshake: [UInt8] = Plain.both,
        _ answer: @escaping @Sendable (PlainFrame) -> [ScriptedServer.Step]
    ) -> ScriptedServer.Script {
        { _, index, frame in index == 0 ? [.send(PlainFrame(frame.serial, handshake))] : answer(frame) }
    }

    private static func replying(_ message: [UInt8]) -> @Sendable (PlainFrame) -> [ScriptedServer.Step] {
        { [.send(PlainFrame($0.serial, message))] }
    }

    private static let client: [UInt8] = [2, 2] + Plain.string("{}") + [2] + Plain.bare + [0]
    private static let none: [UInt8] = [4, 2] + Plain.string("{}") + [2] + Plain.bare + [0]

    static let all: [ServerMode] = [
        ServerMode(
            name: "Java's own three buffers",
            script: answering { [.send(PlainFrame($0.serial, [], [0], [0, 0]))] },
            outcomes: [nil, nil, nil]
        ),
        ServerMode(name: "onebuf", script: answering(Plain.both, replying(Plain.ok)), outcomes: [nil, nil, nil]),
        ServerMode(
            name: "nometa: null in the handshake, a call's result behind it",
            script: answering(Plain.both + Plain.ok, replying(Plain.ok)),
            outcomes: [nil, nil, nil]
        ),
        ServerMode(
            name: "metamap: a map that names nobody",
            script: answering([0, 0, 0, 2] + Plain.map([("a", [1])]), replying(Plain.map([("b", [])]) + [0, 0])),
            outcomes: [nil, nil, nil]
        ),
        ServerMode(
            name: "a byte a buffer",
            script: answering { [.send(PlainFrame($0.serial, cut: Plain.ok.map { [$0] }))] },
            outcomes: [nil, nil, nil]
        ),
        ServerMode(name: "client-min", script: answering(client, replying(Plain.ok)), outcomes: [nil, nil, nil]),
        ServerMode(
            name: "none-min",
            script: { _, index, frame in
                [.send(PlainFrame(frame.serial, index == 0 ? none : index == 1 ? Plain.both : Plain.ok))]
            },
            outcomes: [nil, nil, nil]
        ),
        ServerMode(
            name: "handshake-always",
            script: answering(Plain.both, replying(Plain.both + Plain.ok)),
            outcomes: [nil, nil, nil]
        ),
        // Of its own call alone: the connection stays, where Java's client closes it.
        ServerMode(
            name: "failed",
            script: answering(Plain.both, replying(Plain.failed)),
            outcomes: [.refused, .refused, .refused]
        ),
        ServerMode(
            name: "unknown",
            script: answering(Plain.both, replying(Plain.unknown)),
            outcomes: [.refused, .refused, .refused]
        ),
        ServerMode(
            name: "error",
            script: answering(Plain.both, replying(Plain.error("org.apache.avro.AvroRuntimeException: boom"))),
            outcomes: [.remoteError, .remoteError, .remoteError]
        ),
        ServerMode(
            name: "close",
            script: answering { _ in [.close] },
            outcomes: [.connectionClosed],
            staysOpen: false
        ),
        ServerMode(
            name: "half an answer, then close",
            script: answering { [.bytes(Array(PlainFrame($0.serial, Plain.ok).bytes.dropLast())), .close] },
            outcomes: [.connectionClosed],
            staysOpen: false
        ),
        ServerMode(
            name: "badserial",
            script: answering { [.send(PlainFrame($0.serial &+ 1_000, Plain.ok))] },
            outcomes: [.timedOut],
            staysOpen: false
        ),
        ServerMode(
            name: "another serial first",
            script: answering {
                [.send(PlainFrame($0.serial &+ 1_000, Plain.failed)), .send(PlainFrame($0.serial, Plain.ok))]
            },
            outcomes: [nil, nil, nil]
        ),
        ServerMode(
            name: "an answer that cannot be read",
            script: answering(Plain.both, replying([0, 7])),
            outcomes: [.protocolViolation],
            staysOpen: false
        ),
        ServerMode(
            name: "an empty answer",
            script: answering(Plain.both, replying([])),
            outcomes: [.protocolViolation],
            staysOpen: false
        ),
        ServerMode(
            name: "a status that there is not",
            script: answering(Plain.both, replying([0, 0, 6])),
            outcomes: [.protocolViolation],
            staysOpen: false
        ),
        ServerMode(
            name: "a frame that is none",
            script: answering { _ in [.bytes(PlainFrame.word(1) + PlainFrame.word(-1))] },
            outcomes: [.protocolViolation],
            staysOpen: false
        ),
        // In the handshake.
        ServerMode(name: "none, always", script: { _, _, frame in [.send(PlainFrame(frame.serial, none))] }),
        ServerMode(name: "close at the handshake", script: { _, _, _ in [.close] }),
        ServerMode(
            name: "badserial at the handshake",
            script: { _, _, frame in [.send(PlainFrame(frame.serial + 9, Plain.both))] }
        ),
        ServerMode(
            name: "an error at the handshake",
            script: { _, _, frame in [.send(PlainFrame(frame.serial, Plain.error("java.io.EOFException")))] }
        ),
        ServerMode(
            name: "HTTP at the handshake",
            script: { _, _, _ in [.bytes(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))] }
        ),
        ServerMode(name: "silence", script: { _, _, _ in [] }),
    ]
}

@Suite(.timeLimit(.minutes(1))) struct ClientModeTests {
    @Test(arguments: ServerMode.all)
    func outcomes(mode: ServerMode) async throws {
        let server = try await ScriptedServer.start(mode.script)
        let settings = RPCClientSettings.hasty(
            connect: mode.outcomes == nil ? .milliseconds(300) : .seconds(5),
            request: mode.name == "badserial" ? .milliseconds(300) : .seconds(20)
        )
        guard let outcomes = mode.outcomes else {
            let error = await #expect(throws: RPCError.self) {
                try await TestClient.connect(server.port, settings: settings)
            }
            #expect(error?.message.contains("127.0.0.1:\(server.port)") == true, "\(String(describing: error))")
            #expect(await server.log.wait { $0.closed == [0] }.closed == [0])
            await server.stop()
            return
        }
        let client = try await TestClient.connect(server.port, settings: settings)
        #expect(try await client.peer() == nil)
        for index in outcomes.indices {
            #expect(try await client.hasRoom())
            try await client.send(UInt64(index))
            // Where the server closes, that may be known already too.
            let settled = await client.outcomes(index + 1).prefix(index + 1)
            #expect(Array(settled) == outcomes[...index].enumerated().map { .settled(UInt64($0), $1) })
        }
        if mode.staysOpen {
            #expect(try await client.hasRoom())
            try await client.close()
            #expect(await client.outcomes(outcomes.count + 1).last == .closed(.connectionClosed))
        } else {
            let seen = await client.outcomes(outcomes.count + 1)
            #expect(seen.last == .closed(outcomes.last.flatMap(\.self) ?? .connectionClosed))
            #expect(try await !client.hasRoom())
        }
        #expect(client.messages.now.allSatisfy { $0.contains("127.0.0.1:\(server.port)") }, "\(client.messages.now)")
        await server.stop()
    }

    /// NONE: the same again with our text, and with the hash that was just learnt.
    @Test func noneIsAnsweredWithTheText() async throws {
        let mode = try #require(ServerMode.all.first { $0.name == "none-min" })
        let server = try await ScriptedServer.start(mode.script)
        let client = try await TestClient.connect(server.port)
        try await client.close()
        let frames = await server.log.wait { $0.frames.first?.count == 2 }.frames[0]
        let meta = [2] + Plain.map(Plain.naming)
        #expect(
            frames.map(\.oneBuffer) == [
                PlainFrame(1, Plain.released + [0] + Plain.released + meta + Plain.ping),
                PlainFrame(
                    2,
                    Plain.released + [2] + Plain.string(try Capture.protocolText()) + Plain.bare + meta + Plain.ping
                ),
            ]
        )
        await server.stop()
    }

    @Test func whoDoesNotListen() async throws {
        let server = try await ScriptedServer.start { _, _, _ in [] }
        let port = server.port
        await server.stop()
        let error = await #expect(throws: RPCError.self) { try await TestClient.connect(port) }
        #expect(error?.code == .cannotConnect)
        #expect(error?.message.contains("127.0.0.1:\(port)") == true)
        #expect(error?.message.lowercased().contains("refused") == true, "\(error?.message ?? "")")
    }

    @Test func aNameThatDoesNotResolve() async throws {
        // RFC 6761: never a host.
        let error = await #expect(throws: RPCError.self) {
            try await TestClient.connect(4141, host: "collector.invalid", settings: .hasty(connect: .seconds(5)))
        }
        #expect(error?.code == .cannotConnect)
        #expect(error?.message.contains("collector.invalid:4141") == true)
        #expect(error?.message.contains("does not resolve") == true, "\(error?.message ?? "")")
    }

    /// Accepts and never says a word: in plain text the handshake's answer is missing, under TLS the server's hello.
    @Test(arguments: [false, true])
    func aBlackHole(tls: Bool) async throws {
        let server = try await ScriptedServer.start { _, _, _ in [] }
        let start = NIODeadline.now()
        let error = await #expect(throws: RPCError.self) {
            try await TestClient.connect(
                server.port,
                tls: tls ? Contexts.client() : nil,
                settings: .hasty(connect: .milliseconds(400))
            )
        }
        #expect(error?.code == .timedOut)
        #expect(NIODeadline.now() - start >= .milliseconds(400))
        #expect(NIODeadline.now() - start < .seconds(5))
        // And nothing of it stays.
        #expect(await server.log.wait { $0.closed.count == 1 }.closed == [0])
        await server.stop()
    }

    @Test func aServerWithAForeignCertificate() async throws {
        let server = try await RPCServer.live(RecordingService(), tls: true)
        let error = await #expect(throws: RPCError.self) {
            try await TestClient.connect(server.port, host: "127.0.0.1", tls: Contexts.distrusting())
        }
        #expect(error?.code == .tls)
        await server.stop(deadline: .now())
    }
}
