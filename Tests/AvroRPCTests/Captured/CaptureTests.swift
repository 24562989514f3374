import NIOCore
import NIOPosix
import Testing

@testable import AvroRPC

/// A recorded connection between Java's client and Java's server, and what of it we answer otherwise.
struct CaptureRow: Sendable, CustomTestStringConvertible {
    /// Where our answer is not Java's, with the bytes written by hand.
    struct Exception: Sendable {
        var connection: Int
        var serial: Int32
        var answer: [UInt8]
        var reason: String
    }

    var name: String
    var isDeflated = false
    /// Which calls of the file (in order, whole file) the channel could not take.
    var failed: Set<Int> = []
    var exceptions: [Exception] = []
    /// Connections whose frames from this serial on are sent on a connection of their own: the client sent a handshake
    /// again because it was told NONE, which we do not say.
    var split: [Int: Int32] = [:]
    /// The connections that the server closes without an answer.
    var refused: Set<Int> = []
    /// Those that the layers below the frames refuse: the frames alone would wait for more.
    var refusedBelow: Set<Int> = []
    /// Calls that the service sees.
    var calls: Int

    var testDescription: String { name }

    /// All but 06 and 07: TLS under keys that nobody has cannot be played again (`layersOfEncryptedCaptures`).
    static let all: [CaptureRow] = [
        CaptureRow(name: "01-same-protocol-append-batch-append-2conns", calls: 6),
        CaptureRow(
            name: "02-old-protocol-client-unknown-to-server-NONE",
            exceptions: [
                Exception(
                    connection: 1,
                    serial: 1,
                    answer: [0, 0, 0, 0, 0, 0, 0],
                    reason: "(a) the hash is known here: BOTH and the call is done, where the captured build said NONE"
                )
            ],
            split: [1: 2],
            calls: 6
        ),
        CaptureRow(
            name: "03-old-protocol-client-known-to-server-CLIENT",
            exceptions: [
                Exception(
                    connection: 1,
                    serial: 1,
                    answer: [0, 0, 0, 0, 0, 0, 0],
                    reason: "(a) both hashes are known here: BOTH, where the captured build said CLIENT"
                )
            ],
            calls: 3
        ),
        CaptureRow(name: "04-channel-full", failed: [2, 3], calls: 4),
        CaptureRow(name: "05-deflate", isDeflated: true, calls: 4),
        CaptureRow(name: "08-deflate-client-vs-plain-server", refused: [1], refusedBelow: [2], calls: 0),
        CaptureRow(name: "11-large-frames", calls: 2),
    ]
}

/// One connection to play: the client's bytes, the answers to expect in order.
private struct Script {
    var pieces: [[UInt8]]
    var answers: [PlainFrame]
    var isRefused: Bool
}

extension CaptureRow {
    /// - Parameter isLive: the server has its layers, and not the machine alone.
    fileprivate func scripts(isLive: Bool = false) throws -> [Script] {
        let capture = try Capture(name, isDeflated: isDeflated)
        return capture.connections.enumerated().flatMap { index, connection -> [Script] in
            let number = index + 1
            let answers = PlainFrame.parse(connection.server).frames.map { frame in
                let exception = exceptions.first { $0.connection == number && $0.serial == frame.serial }
                return exception.map { PlainFrame(frame.serial, $0.answer) } ?? frame.oneBuffer
            }
            let isRefused = refused.contains(number) || (isLive && refusedBelow.contains(number))
            guard let serial = split[number] else {
                return [Script(pieces: connection.pieces, answers: answers, isRefused: isRefused)]
            }
            let frames = PlainFrame.parse(connection.client).frames
            return [
                Script(
                    pieces: frames.filter { $0.serial < serial }.map(\.bytes),
                    answers: answers.filter { $0.serial < serial },
                    isRefused: isRefused
                ),
                Script(
                    pieces: frames.filter { $0.serial >= serial }.map(\.bytes),
                    answers: answers.filter { $0.serial >= serial },
                    isRefused: isRefused
                ),
            ]
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct CaptureTests {
    @Test(arguments: CaptureRow.all)
    func theMachineAnswersAsJava(row: CaptureRow) throws {
        let memory = ProtocolMemory()
        var calls = 0
        for script in try row.scripts() {
            let before = calls
            var connection = MachineConnection(memory: memory) { index, _ in
                row.failed.contains(before + index) ? .failed : .ok
            }
            for piece in script.pieces { connection.receive(piece) }
            calls += connection.calls.count
            #expect(connection.replies.map(\.oneBuffer) == script.answers)
            #expect((connection.closed != nil) == script.isRefused, "\(String(describing: connection.closed))")
        }
        #expect(calls == row.calls)
    }

    @Test(arguments: CaptureRow.all)
    func aLiveServerAnswersAsJava(row: CaptureRow) async throws {
        let service = RecordingService { index, _ in row.failed.contains(index) ? .failed : .ok }
        let server = try await RPCServer.live(service)
        for script in try row.scripts(isLive: true) {
            let peer = try await RawPeer.connect(server.port)
            for piece in script.pieces { try await peer.send(piece) }
            if script.isRefused {
                let end = await peer.end()
                #expect(end.bytes == [])
            } else {
                #expect(await peer.frames(script.answers.count).map(\.oneBuffer) == script.answers)
                #expect(!peer.log.now.isAtEnd)
            }
            await peer.close()
        }
        let log = await service.log.wait { $0.connections == 0 }
        #expect(log.calls.count == row.calls)
        #expect(log.failures.count == row.refused.count + row.refusedBelow.count)
        await server.stop(deadline: .now())
    }

    /// The compressed captures byte for byte, in the pieces in which Java sent them: what the server answers is one zlib
    /// stream that inflates to Java's answers. 08 is what the plain server of that capture could not read.
    @Test(arguments: [("05-deflate", 4), ("08-deflate-client-vs-plain-server", 1)])
    func aCompressingServerAnswersAsJava(name: String, calls: Int) async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(service, deflate: true)
        let (raw, plain) = (try Capture(name), try Capture(name, isDeflated: true))
        for (connection, expected) in zip(raw.connections, plain.connections) {
            let peer = try await RawPeer.connect(server.port)
            for piece in connection.pieces { try await peer.send(piece) }
            // Java's client ends its stream when it closes, and so does the server then. The first of 08 is cut off instead.
            let isCut = connection.client.suffix(4) == [0, 0, 0xff, 0xff]
            let end = await isCut ? peer.log.wait { $0.bytes.suffix(4) == [0, 0, 0xff, 0xff] }.bytes : peer.end().bytes
            let answers = PlainFrame.parse(try inflated(end)).frames.map(\.oneBuffer)
            if expected.server.isEmpty {
                let serials = PlainFrame.parse(expected.client).frames.map(\.serial)
                #expect(answers == serials.map { PlainFrame($0, Plain.both + Plain.ok) })
            } else {
                #expect(answers == PlainFrame.parse(expected.server).frames.map(\.oneBuffer))
            }
            #expect(end.isEmpty || end.prefix(2) == [0x78, 0x9c])
            await peer.close()
        }
        let log = await service.log.wait { $0.connections == 0 }
        #expect(log.calls.count == calls)
        #expect(log.failures == [])
        await server.stop(deadline: .now())
    }

    /// As far as cipher text goes: both layers of 06 and the one of 07 are found, and answered in the same order.
    @Test(arguments: ["06-ssl-deflate", "07-ssl"])
    func layersAreFound(name: String) async throws {
        let server = try await RPCServer.live(RecordingService(), tls: true, deflate: true)
        let peer = try await RawPeer.connect(server.port)
        try await peer.send(Capture(name).connections[0].pieces[0])
        let isDeflated = name.hasPrefix("06")
        let bytes = await peer.log.wait { $0.bytes.count > 100 }.bytes
        #expect(bytes.prefix(2) == (isDeflated ? [0x78, 0x9c] : [0x16, 0x03]))
        let inside = isDeflated ? try inflated(bytes) : bytes
        #expect(inside.prefix(2) == [0x16, 0x03])
        #expect(inside[5] == 2, "ServerHello")
        await peer.close()
        await server.stop(deadline: .now())
    }

    /// Cipher text of keys that nobody has: only the order of the layers can be checked.
    @Test(arguments: [
        (name: "06-ssl-deflate", isDeflatedOutside: true),
        (name: "07-ssl", isDeflatedOutside: false),
    ])
    func layersOfEncryptedCaptures(name: String, isDeflatedOutside: Bool) throws {
        for connection in try Capture(name).connections {
            for stream in [connection.client, connection.server] {
                #expect(stream.prefix(2) == (isDeflatedOutside ? [0x78, 0x9c] : [0x16, 0x03]))
                let inside = isDeflatedOutside ? try inflated(stream) : stream
                #expect(inside.prefix(2) == [0x16, 0x03], "a handshake record of TLS")
                #expect([1, 2].contains(inside[5]), "ClientHello or ServerHello")
            }
        }
    }

    /// That the captured connections were read to their ends: nothing is left over of any stream.
    @Test(arguments: CaptureRow.all.filter(\.refused.isEmpty))
    func nothingIsLeftOver(row: CaptureRow) throws {
        for connection in try Capture(row.name, isDeflated: row.isDeflated).connections {
            #expect(PlainFrame.parse(connection.client).end == connection.client.count)
            #expect(PlainFrame.parse(connection.server).end == connection.server.count)
        }
    }
}

extension RPCServer {
    /// A server on a free port of 127.0.0.1.
    static func live(
        _ service: RecordingService,
        tls: Bool = false,
        deflate: Bool = false,
        limits: RPCLimits = RPCLimits(),
        rules: AddressRules? = nil,
        filter: AddressFilter? = nil
    ) async throws -> RPCServer {
        let server = RPCServer(
            service: service,
            layers: ServerLayers(tls: tls ? try Contexts.server() : nil, acceptsCompression: deflate),
            limits: limits,
            filter: filter ?? rules.map { AddressFilter($0) },
            group: MultiThreadedEventLoopGroup.singleton
        )
        try await server.start(host: "127.0.0.1", port: 0)
        return server
    }
}
