import NIOCore
import Testing

@testable import AvroRPC

/// One odd or hostile exchange, and what Java's server answered to it.
struct ServerProbe: Sendable, CustomTestStringConvertible {
    enum Answer: Sendable {
        /// These bytes after joining the frame's buffers.
        case exactly(Int32, [UInt8])
        /// This in front, then an error reply with a text of our own: exception (b).
        case error(Int32, after: [UInt8])
    }

    enum End: Sendable {
        case open
        case closedByUs
        /// The client ends its side first; nothing is answered and nobody is to blame.
        case halfClosed
    }

    var name: String
    /// Each a connection; the server remembers protocols between them.
    var connections: [[[UInt8]]]
    var answers: [[Answer]]
    var end = End.open
    var answer = RPCAnswer.ok

    init(
        _ name: String,
        _ frames: [PlainFrame],
        _ answers: [Answer],
        end: End = .open,
        answer: RPCAnswer = .ok
    ) {
        self.init(name, connections: [frames.map(\.bytes)], [answers], end: end, answer: answer)
    }

    init(
        _ name: String,
        connections: [[[UInt8]]],
        _ answers: [[Answer]],
        end: End = .open,
        answer: RPCAnswer = .ok
    ) {
        self.name = name
        self.connections = connections
        self.answers = answers
        self.end = end
        self.answer = answer
    }

    var testDescription: String { name }

    static func matches(_ frames: [PlainFrame], _ answers: [Answer]) -> Bool {
        guard frames.count == answers.count else { return false }
        return zip(frames, answers).allSatisfy { frame, answer in
            switch answer {
            case .exactly(let serial, let bytes):
                return frame.serial == serial && frame.joined == bytes
            case .error(let serial, let front):
                var reader = PlainReader(Array(frame.joined.dropFirst(front.count + 3)))
                let text = reader.string()
                return frame.serial == serial && frame.joined.starts(with: front + Plain.errorStart)
                    && text?.isEmpty == false && reader.isAtEnd
            }
        }
    }
}

extension ServerProbe {
    private static let first = Plain.handshake()
    private static let done: [UInt8] = Plain.both + Plain.ok

    /// In the order of the record.
    static func all() throws -> [ServerProbe] {
        let text = try Capture.protocolText()
        let ourselves: [UInt8] = [2] + Plain.string(text) + [2] + Plain.released + [0]
        let event = Plain.event([("host", "a")], "hello")
        let negativeMap: [UInt8] =
            Plain.long(-1) + Plain.long(7) + Plain.string("host") + Plain.string("a") + [0] + Plain.string("body")
        let pipelined = (2...10).map { PlainFrame($0, Plain.append) }
        return [
            ServerProbe(
                "a ping with the handshake, then a call without",
                [PlainFrame(1, first + Plain.ping), PlainFrame(2, Plain.append)],
                [.exactly(1, Plain.both), .exactly(2, Plain.ok)]
            ),
            ServerProbe("one buffer", [PlainFrame(7, first + Plain.append)], [.exactly(7, done)]),
            ServerProbe(
                "a buffer for each byte",
                [PlainFrame(-5, cut: (first + Plain.append).map { [$0] })],
                [.exactly(-5, done)]
            ),
            ServerProbe(
                "meta of the handshake null",
                [PlainFrame(1, Plain.handshake(meta: nil), Plain.append)],
                [.exactly(1, done)]
            ),
            ServerProbe(
                "meta of the handshake an empty map",
                [PlainFrame(1, Plain.handshake(meta: []), Plain.append)],
                [.exactly(1, done)]
            ),
            ServerProbe(
                "a client's hash that nobody knows, then its text",
                [
                    PlainFrame(1, Plain.handshake(Plain.stranger) + Plain.append),
                    PlainFrame(2, Plain.handshake(Plain.stranger, text: text) + Plain.append),
                ],
                [.exactly(1, [4] + ourselves), .exactly(2, done)]
            ),
            ServerProbe(
                "a hash that is not the text's, then that hash alone",
                connections: [
                    [PlainFrame(1, Plain.handshake(Plain.stranger, text: text) + Plain.append).bytes],
                    [PlainFrame(1, Plain.handshake(Plain.stranger) + Plain.append).bytes],
                ],
                [[.exactly(1, done)], [.exactly(1, done)]]
            ),
            ServerProbe(
                "a wrong idea of the server's hash",
                [PlainFrame(1, Plain.handshake(Plain.trunk, Plain.stranger) + Plain.append)],
                [.exactly(1, [2] + ourselves + Plain.ok)]
            ),
            ServerProbe(
                "a handshake on an established connection",
                [
                    PlainFrame(1, first + Plain.append), PlainFrame(2, first + Plain.append),
                    PlainFrame(3, Plain.append),
                ],
                [.exactly(1, done), .error(2, after: []), .exactly(3, Plain.ok)]
            ),
            ServerProbe(
                "an unknown message",
                [PlainFrame(1, first + Plain.call("nosuch") + event), PlainFrame(2, Plain.append)],
                [
                    .exactly(
                        1,
                        Plain.both
                            + Plain.error("org.apache.avro.AvroRuntimeException: No such remote message: nosuch")
                    ), .exactly(2, Plain.ok),
                ]
            ),
            ServerProbe(
                "a payload that ends too early",
                [PlainFrame(1, first + Plain.append.dropLast(2)), PlainFrame(2, Plain.append)],
                [.error(1, after: Plain.both), .exactly(2, Plain.ok)]
            ),
            ServerProbe(
                "a batch that ends too early",
                [PlainFrame(1, first + Plain.batch.dropLast(1))],
                [.error(1, after: Plain.both)]
            ),
            ServerProbe(
                "meta of the call not empty",
                [PlainFrame(1, first + Plain.call("append", meta: [("a", [0x62])]) + event)],
                [.exactly(1, done)]
            ),
            ServerProbe(
                "blocks with negative counts and sizes",
                [
                    PlainFrame(
                        1,
                        first + Plain.call("appendBatch") + Plain.long(-1) + Plain.long(Int64(negativeMap.count))
                            + negativeMap + [0]
                    )
                ],
                [.exactly(1, done)]
            ),
            ServerProbe(
                "an empty batch",
                [PlainFrame(1, first + Plain.call("appendBatch") + [0])],
                [.exactly(1, done)]
            ),
            ServerProbe(
                "a header that is not UTF-8",
                [
                    PlainFrame(
                        1,
                        first + Plain.call("append") + Plain.map([("k", [0xff, 0xfe])]) + Plain.string("b")
                    )
                ],
                [.exactly(1, done)]
            ),
            // (c) Java never completes such a frame.
            ServerProbe("no buffers", [PlainFrame(1)], [], end: .closedByUs),
            ServerProbe(
                "a huge count",
                connections: [[PlainFrame.word(1) + PlainFrame.word(0x1000_0000)]],
                [[]],
                end: .closedByUs
            ),
            // (c) Java waits for two gigabytes.
            ServerProbe(
                "a length of 0x7fffffff",
                connections: [[PlainFrame.word(1) + PlainFrame.word(1) + PlainFrame.word(.max)]],
                [[]],
                end: .closedByUs
            ),
            ServerProbe(
                "a negative length",
                connections: [[PlainFrame.word(1) + PlainFrame.word(1) + PlainFrame.word(-2)]],
                [[]],
                end: .closedByUs
            ),
            ServerProbe(
                "a frame in many small segments",
                connections: [PlainFrame(1, first, Plain.append).bytes.map { [$0] }],
                [[.exactly(1, done)]]
            ),
            // Java answers out of order; a connection's calls are answered in order here where the service does.
            ServerProbe(
                "forty calls at once after the handshake",
                [PlainFrame(100, first + Plain.ping)]
                    + (1...40).map { PlainFrame($0, $0 % 2 == 0 ? Plain.batch : Plain.append) },
                [.exactly(100, Plain.both)] + (1...40).map { .exactly($0, Plain.ok) }
            ),
            // Java races here, and answers errors to those that another thread picks up too early.
            ServerProbe(
                "calls before the handshake's reply",
                connections: [[(pipelined.reduce(PlainFrame(1, first + Plain.append).bytes) { $0 + $1.bytes })]],
                [[.exactly(1, done)] + (2...10).map { .exactly($0, Plain.ok) }]
            ),
            ServerProbe(
                "calls before the handshake's reply, each with a handshake",
                (1...10).map { PlainFrame($0, first + Plain.append) },
                [.exactly(1, done)] + (2...10).map { .error($0, after: []) }
            ),
            ServerProbe("half closed before the answer", [], [], end: .halfClosed),
            ServerProbe(
                "plain HTTP",
                connections: [[Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)]],
                [[]],
                end: .closedByUs
            ),
            ServerProbe(
                "a full channel, then a ping",
                [PlainFrame(1, first + Plain.append)] + (2...5).map { PlainFrame($0, Plain.batch) }
                    + [PlainFrame(6, Plain.ping)],
                [.exactly(1, Plain.both + Plain.failed)] + (2...5).map { .exactly($0, Plain.failed) }
                    + [.exactly(6, [])],
                answer: .failed
            ),
        ]
    }
}

@Suite(.timeLimit(.minutes(1))) struct ServerProbeTests {
    @Test(arguments: try ServerProbe.all())
    func theMachine(probe: ServerProbe) {
        let memory = ProtocolMemory()
        for (pieces, answers) in zip(probe.connections, probe.answers) {
            var connection = MachineConnection(memory: memory) { _, _ in probe.answer }
            for piece in pieces { connection.receive(piece) }
            #expect(ServerProbe.matches(connection.replies, answers), "\(connection.replies)")
            if case .closedByUs = probe.end {
                #expect(connection.closed != nil)
            } else {
                #expect(connection.closed == nil)
            }
        }
    }

    @Test(arguments: try ServerProbe.all())
    func aLiveServer(probe: ServerProbe) async throws {
        let service = RecordingService { _, _ in probe.answer }
        let server = try await RPCServer.live(service)
        for (pieces, answers) in zip(probe.connections, probe.answers) {
            let peer = try await RawPeer.connect(server.port)
            for piece in pieces { try await peer.send(piece) }
            switch probe.end {
            case .open:
                let frames = await peer.frames(answers.count)
                #expect(ServerProbe.matches(frames, answers), "\(frames)")
                #expect(!peer.log.now.isAtEnd)
            case .closedByUs:
                #expect(await peer.end().bytes == [])
                #expect(service.log.now.failures.count == 1)
            case .halfClosed:
                try await peer.channel.close(mode: .output)
                #expect(await peer.end().bytes == [])
                #expect(service.log.now.failures == [])
            }
            await peer.close()
        }
        await server.stop(deadline: .now())
    }
}
