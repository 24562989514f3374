import Foundation
import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import AvroRPC

/// The server's handler in its pipeline, and whole servers on sockets.
@Suite(.timeLimit(.minutes(1))) struct ServerConnectionTests {
    private static func limits(calls: Int = 8, bytes: Int = 64 << 20) -> RPCLimits {
        var limits = RPCLimits()
        limits.calls = calls
        limits.callBytes = bytes
        return limits
    }

    /// Counts the reads that reach the socket.
    private final class ReadCounter: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        var reads = 0
        func read(context: ChannelHandlerContext) {
            reads += 1
            context.read()
        }
    }

    /// A connection without a socket: what is read, when, is the test's to say.
    private struct Embedded {
        let channel = EmbeddedChannel()
        let counter = ReadCounter()
        let handler: RPCServerHandler
        let service: RecordingService

        init(limits: RPCLimits, rule: @escaping @Sendable (Int, RPCCall) -> RPCAnswer? = { _, _ in nil }) throws {
            service = RecordingService(calls: limits.calls, bytes: limits.callBytes, rule: rule)
            handler = RPCServerHandler(
                service: service,
                remembered: ProtocolMemory(),
                limits: limits,
                isEncrypted: false
            )
            try channel.pipeline.syncOperations.addHandlers([counter, handler])
            channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
            counter.reads = 0
        }

        /// One read from the socket with these frames; autoRead then asks for the next.
        func receive(_ frames: PlainFrame...) throws {
            channel.pipeline.fireChannelRead(ByteBuffer(bytes: frames.flatMap(\.bytes)))
            channel.pipeline.fireChannelReadComplete()
            channel.read()
        }

        func release(_ index: Int, _ answer: RPCAnswer = .ok) {
            service.release(index, answer)
            channel.embeddedEventLoop.run()
        }

        func sent() throws -> [PlainFrame] {
            var bytes: [UInt8] = []
            while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.allBytes }
            return PlainFrame.parse(bytes).frames
        }

        var calls: Int { service.log.now.calls.count }
    }

    private func ping(named: Bool) -> PlainFrame {
        PlainFrame(0, Plain.handshake(meta: named ? Plain.naming : []) + Plain.ping)
    }

    @Test func readsPauseAtTheLimitOfCalls() throws {
        let connection = try Embedded(limits: Self.limits(calls: 2))
        try connection.receive(ping(named: false))
        #expect(connection.counter.reads == 1)
        try connection.receive(PlainFrame(1, Plain.append))
        #expect(connection.counter.reads == 2)
        try connection.receive(PlainFrame(2, Plain.append))
        #expect(connection.counter.reads == 2)
        connection.release(0)
        #expect(connection.counter.reads == 3)
        try connection.receive(PlainFrame(3, Plain.append))
        #expect(connection.counter.reads == 3)
        connection.release(2)
        connection.release(1)
        #expect(connection.counter.reads == 4)
        #expect(try connection.sent().map(\.serial) == [0, 1, 3, 2])
    }

    /// One read may hold many calls: those above the limit wait in it.
    @Test func oneReadDoesNotPassTheLimit() throws {
        let connection = try Embedded(limits: Self.limits(calls: 2))
        let frames = (Int32(1)...5).map { PlainFrame($0, Plain.append) }
        connection.channel.pipeline.fireChannelRead(
            ByteBuffer(bytes: ([ping(named: false)] + frames).flatMap(\.bytes))
        )
        connection.channel.pipeline.fireChannelReadComplete()
        connection.channel.read()
        #expect(connection.calls == 2)
        #expect(connection.counter.reads == 0)
        for index in 0..<5 {
            #expect(connection.calls == min(index + 2, 5))
            connection.release(index)
        }
        #expect(connection.counter.reads == 1)
        #expect(try connection.sent().map(\.serial) == [0, 1, 2, 3, 4, 5])
    }

    @Test func readsPauseAtTheLimitOfBytes() throws {
        let connection = try Embedded(limits: Self.limits(bytes: 1_000))
        try connection.receive(ping(named: false))
        let large = PlainFrame(1, Plain.call("append") + Plain.event([], String(repeating: "x", count: 600)))
        try connection.receive(large)
        #expect(connection.counter.reads == 2)
        try connection.receive(large)
        #expect(connection.counter.reads == 2)
        connection.release(1)
        #expect(connection.counter.reads == 3)
    }

    /// A peer of ours that keeps what it was told is read from always, and its pings are answered at once.
    @Test func aNamedPeerWithinItsLimitsIsNeverPaused() throws {
        let connection = try Embedded(limits: Self.limits(calls: 2, bytes: 1_000))
        try connection.receive(ping(named: true))
        let body = Plain.call("append") + Plain.event([], String(repeating: "x", count: 490))
        try connection.receive(PlainFrame(1, body))
        try connection.receive(PlainFrame(2, body))
        #expect(connection.counter.reads == 3)
        _ = try connection.sent()
        try connection.receive(PlainFrame(3, Plain.ping))
        #expect(try connection.sent() == [PlainFrame(3, [])])
        #expect(connection.counter.reads == 4)
        // One call above it: now it is paused as anyone.
        try connection.receive(PlainFrame(4, body))
        #expect(connection.counter.reads == 4)
        connection.release(1)
        #expect(connection.counter.reads == 5)
    }

    /// A client may send one batch of any size when nothing else is open.
    @Test func aNamedPeersOnlyCallMayBeLarge() throws {
        let connection = try Embedded(limits: Self.limits(calls: 2, bytes: 1_000))
        try connection.receive(ping(named: true))
        let body = Plain.call("append") + Plain.event([], String(repeating: "x", count: 5_000))
        try connection.receive(PlainFrame(1, body))
        #expect(connection.counter.reads == 2)
        try connection.receive(PlainFrame(2, body))
        #expect(connection.counter.reads == 2)
    }

    /// A peer that asks and never takes its answers is not read from: the answers would pile up.
    @Test func readsPauseWhileAnswersCannotBeWritten() throws {
        let connection = try Embedded(limits: Self.limits())
        try connection.receive(ping(named: false))
        #expect(connection.counter.reads == 1)
        connection.channel.isWritable = false
        connection.channel.pipeline.fireChannelWritabilityChanged()
        try connection.receive(PlainFrame(1, Plain.ping))
        #expect(connection.counter.reads == 1)
        connection.channel.isWritable = true
        connection.channel.pipeline.fireChannelWritabilityChanged()
        #expect(connection.counter.reads == 2)
    }

    @Test func answersOfOneReadGoInOneWrite() throws {
        let connection = try Embedded(limits: Self.limits()) { _, _ in .ok }
        try connection.receive(
            ping(named: false),
            PlainFrame(1, Plain.append),
            PlainFrame(2, Plain.append),
            PlainFrame(3, Plain.ping)
        )
        let buffer = try #require(try connection.channel.readOutbound(as: ByteBuffer.self))
        #expect(PlainFrame.parse(buffer.allBytes).frames.map(\.serial) == [0, 1, 2, 3])
        #expect(try connection.channel.readOutbound(as: ByteBuffer.self) == nil)
    }

    /// What was answered before the stream became doubtful was done: the peer is told.
    @Test func answersBeforeABadFrameAreSent() throws {
        let connection = try Embedded(limits: Self.limits()) { _, _ in .ok }
        let bad = PlainFrame.word(2) + PlainFrame.word(-1)
        connection.channel.pipeline.fireChannelRead(
            ByteBuffer(bytes: ping(named: false).bytes + PlainFrame(1, Plain.append).bytes + bad)
        )
        connection.channel.pipeline.fireChannelReadComplete()
        #expect(try connection.sent() == [PlainFrame(0, Plain.both), PlainFrame(1, Plain.ok)])
        #expect(!connection.channel.isActive)
        #expect(connection.service.log.now.rejections.map(\.breach) == [.bufferLength])
    }

    @Test func openCallsAreAbandonedWithTheConnection() async throws {
        let service = RecordingService { index, _ in index == 1 ? .ok : nil }
        let server = try await RPCServer.live(service)
        let peer = try await RawPeer.connect(server.port)
        try await peer.send(PlainFrame(1, Plain.handshake() + Plain.append))
        for serial in Int32(2)...4 { try await peer.send(PlainFrame(serial, Plain.append)) }
        await service.log.wait { $0.calls.count == 4 }
        await peer.close()
        let log = await service.log.wait { $0.connections == 0 && $0.abandoned.count == 3 }
        #expect(log.abandoned.sorted() == [0, 2, 3])
        #expect(log.failures == [])
        // Answers that come late go nowhere.
        for index in [0, 2, 3] { service.release(index) }
        await server.stop(deadline: .now())
    }

    /// Also where nothing is read from it any more.
    @Test func aPausedConnectionThatIsResetIsAbandoned() async throws {
        let service = RecordingService { _, _ in nil }
        let server = try await RPCServer.live(service, limits: Self.limits(calls: 1))
        let peer = try await RawPeer.connect(server.port)
        try await peer.send(PlainFrame(1, Plain.handshake() + Plain.append))
        await service.log.wait { $0.calls.count == 1 }
        // Closed with a reset.
        let options = try #require(peer.channel as? any SocketOptionProvider)
        try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        await peer.close()
        #expect(await service.log.wait { $0.connections == 0 }.abandoned == [0])
        await server.stop(deadline: .now())
    }

    @Test func onceQuiescedCallsAreRefusedAtOnce() async throws {
        let service = RecordingService { index, _ in index == 0 ? nil : .ok }
        let server = try await RPCServer.live(service)
        let peer = try await RawPeer.connect(server.port)
        try await peer.send(PlainFrame(1, Plain.handshake() + Plain.append))
        await service.log.wait { $0.calls.count == 1 }
        await server.quiesce()
        try await peer.send(PlainFrame(2, Plain.append))
        try await peer.send(PlainFrame(3, Plain.ping))
        #expect(await peer.frames(2) == [PlainFrame(2, Plain.failed), PlainFrame(3, [])])
        service.release(0)
        #expect(await peer.frames(3).last == PlainFrame(1, Plain.both + Plain.ok))
        #expect(service.log.now.calls.count == 1)
        await #expect(throws: (any Error).self) { try await RawPeer.connect(server.port) }
        await peer.close()
        await server.stop(deadline: .now())
    }

    /// Every answer, then the end, no reset: also for calls that are answered late, and over TLS.
    @Test(arguments: [false, true])
    func stoppingSendsEveryAnswer(tls: Bool) async throws {
        let service = RecordingService { _, _ in nil }
        let server = try await RPCServer.live(service, tls: tls)
        let peer = try await RawPeer.connect(server.port, tls: tls ? Contexts.client() : nil)
        let idle = try await RawPeer.connect(server.port, tls: tls ? Contexts.client() : nil)
        try await idle.send(PlainFrame(1, Plain.handshake() + Plain.ping))
        #expect(await idle.frames(1) == [PlainFrame(1, Plain.both)])
        try await peer.send(PlainFrame(1, Plain.handshake() + Plain.append))
        for serial in Int32(2)...4 { try await peer.send(PlainFrame(serial, Plain.append)) }
        await service.log.wait { $0.calls.count == 4 }
        await server.quiesce()
        let stopped = Watched(false)
        let stopping = Task {
            await server.stop(deadline: .now() + .seconds(8))
            stopped.change { $0 = true }
        }
        // The idle one ends at once.
        #expect(await idle.end().errors == [])
        await idle.close()
        service.release(3)
        service.release(1)
        #expect(await peer.frames(2).map(\.serial) == [4, 2])
        // Longer than a peer is waited for that has its answers.
        try await Task.sleep(for: .milliseconds(900))
        #expect(!peer.log.now.isAtEnd)
        service.release(2)
        service.release(0)
        let end = await peer.end()
        #expect(end.errors == [])
        #expect(
            PlainFrame.parse(end.bytes).frames == [
                PlainFrame(4, Plain.ok), PlainFrame(2, Plain.ok), PlainFrame(3, Plain.ok),
                PlainFrame(1, Plain.both + Plain.ok),
            ]
        )
        // Only our side is closed: what the peer still says is no reset to it, which would take unread answers along.
        try await peer.send(PlainFrame(9, Plain.append))
        try await Task.sleep(for: .milliseconds(100))
        #expect(peer.log.now.errors == [])
        #expect(!peer.log.now.isClosed)
        #expect(service.log.now.calls.count == 4)
        // The peer keeps its side open: it is cut a moment later.
        #expect(await stopped.wait { $0 })
        await peer.close()
        await stopping.value
        #expect(service.log.now.connections == 0)
    }

    /// A call that comes when our side has been closed cannot be answered, and so must not be served.
    @Test func nothingIsServedBehindTheEnd() throws {
        let connection = try Embedded(limits: Self.limits()) { _, _ in .ok }
        try connection.receive(ping(named: false))
        connection.handler.closeWhenIdle()
        try connection.receive(PlainFrame(1, Plain.append))
        #expect(connection.calls == 0)
    }

    @Test func theDeadlineCutsWhatIsNotAnswered() async throws {
        let service = RecordingService { _, _ in nil }
        let server = try await RPCServer.live(service)
        let peer = try await RawPeer.connect(server.port)
        try await peer.send(PlainFrame(1, Plain.handshake() + Plain.append))
        await service.log.wait { $0.calls.count == 1 }
        await server.quiesce()
        await server.stop(deadline: .now() + .milliseconds(300))
        #expect(await peer.end().bytes == [])
        #expect(service.log.now.abandoned == [0])
        await peer.close()
    }

    @Test func aWrongChecksumIsReportedOnce() async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(service)
        let peer = try await RawPeer.connect(server.port)
        try await peer.send(PlainFrame(1, Plain.handshake(meta: Plain.naming) + Plain.ping))
        _ = await peer.frames(1)
        let meta: [(String, [UInt8])] = [("tributary.crc32c", [1, 2, 3, 4])]
        let bad = PlainFrame(2, Plain.call("append", meta: meta) + Plain.event([], "x"))
        try await peer.send(bad.bytes + bad.bytes)
        #expect(PlainFrame.parse(await peer.end().bytes).frames.count == 1)
        let log = await service.log.wait { $0.connections == 0 }
        #expect(log.rejections.map(\.breach) == [.checksum])
        #expect(log.calls.isEmpty)
        await server.stop(deadline: .now())
    }

    @Test func aPlainPeerAtATLSPortIsReported() async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(service, tls: true)
        let peer = try await RawPeer.connect(server.port)
        try await peer.send(PlainFrame(1, Plain.handshake() + Plain.append))
        _ = await peer.end()
        let log = await service.log.wait { $0.connections == 0 }
        #expect(log.rejections.map(\.breach) == [.plainText])
        await server.stop(deadline: .now())
    }
}
