import NIOCore
import NIOPosix
import Testing

@testable import AvroRPC

/// Limits of whole connections, on sockets.
@Suite(.timeLimit(.minutes(1))) struct ServerLimitTests {
    private static func limits(_ change: (inout RPCLimits) -> Void) -> RPCLimits {
        var limits = RPCLimits()
        change(&limits)
        return limits
    }

    private func breaches(_ service: RecordingService) -> [RPCBreach] { service.log.now.rejections.map(\.breach) }

    // MARK: Connections

    @Test func moreConnectionsThanTheLimit() async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(service, limits: Self.limits { $0.connections = 3 })
        var peers: [RawPeer] = []
        for _ in 0..<3 { peers.append(try await greeted(server)) }
        let fourth = try await RawPeer.connect(server.port)
        #expect(await fourth.end().bytes == [])
        #expect(breaches(service) == [.connections])
        // A place that is given up can be had again.
        await peers.removeFirst().close()
        await service.log.wait { $0.connections == 2 }
        let fifth = try await greeted(server)
        for peer in peers + [fifth] {
            try await peer.send(PlainFrame(2, Plain.append))
            #expect(await peer.frames(2).last == PlainFrame(2, Plain.ok))
            await peer.close()
        }
        await fourth.close()
        await server.stop(deadline: .now())
    }

    @Test func moreConnectionsFromOneAddress() async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(service, limits: Self.limits { $0.connectionsPerAddress = 2 })
        let (one, two) = (try await greeted(server), try await greeted(server))
        let third = try await RawPeer.connect(server.port)
        #expect(await third.end().bytes == [])
        #expect(breaches(service) == [.addressConnections])
        // Another address has its own.
        let other = try await RawPeer.connect(server.port, from: "127.0.0.2")
        try await other.send(PlainFrame(1, Plain.handshake() + Plain.append))
        #expect(await other.frames(1).count == 1)
        for peer in [one, two, third, other] { await peer.close() }
        await server.stop(deadline: .now())
    }

    @Test func countsAreGivenBack() {
        var counts = ConnectionCounts(Self.limits { ($0.connections, $0.connectionsPerAddress) = (3, 2) })
        #expect(counts.admit("a") == nil)
        #expect(counts.admit("a") == nil)
        #expect(counts.admit("a")?.breach == .addressConnections)
        #expect(counts.admit("b") == nil)
        #expect(counts.admit("c")?.breach == .connections)
        counts.leave("a")
        #expect(counts.admit("a") == nil)
        counts.leave("a")
        counts.leave("a")
        counts.leave("b")
        for address in ["a", "a", "b"] { #expect(counts.admit(address) == nil) }
    }

    // MARK: Time

    /// Bytes that come one at a time, or not at all: the breach, and that a good peer is served meanwhile.
    @Test(arguments: [
        ("no handshake", [UInt8](), RPCBreach.handshakeTime), ("half a frame", Plain.ping, .frameTime),
        ("nothing", [], .idleTime),
    ])
    func tooSlow(name: String, first: [UInt8], breach: RPCBreach) async throws {
        let service = RecordingService()
        let limits = Self.limits {
            $0.handshakeTime = .milliseconds(breach == .handshakeTime ? 200 : 60_000)
            $0.frameTime = .milliseconds(breach == .frameTime ? 200 : 60_000)
            $0.idleTime = breach == .idleTime ? .milliseconds(200) : nil
        }
        let server = try await RPCServer.live(service, limits: limits)
        let slow = try await RawPeer.connect(server.port)
        if breach == .frameTime { try await slow.send(PlainFrame(0, Plain.handshake() + Plain.ping)) }
        if breach != .idleTime { try await slow.send(Array(PlainFrame(1, Plain.append).bytes.prefix(15))) }
        let end = await slow.end()
        #expect(end.isAtEnd)
        await service.log.wait { !$0.rejections.isEmpty }
        #expect(breaches(service) == [breach])
        await slow.close()
        await server.stop(deadline: .now())
    }

    @Test func aStalledTLSHandshake() async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(
            service,
            tls: true,
            limits: Self.limits { $0.handshakeTime = .milliseconds(200) }
        )
        let slow = try await RawPeer.connect(server.port)
        try await slow.send([22, 3, 1])
        #expect(await slow.end().isAtEnd)
        #expect(await service.log.wait { !$0.rejections.isEmpty }.rejections.map(\.breach) == [.handshakeTime])
        await slow.close()
        await server.stop(deadline: .now())
    }

    // MARK: What is held

    /// Many peers, each with all that it may have here: the sum stays within theirs, and is given back.
    @Test func heldBytesAreBounded() async throws {
        let service = RecordingService { _, _ in nil }
        let limits = Self.limits { ($0.calls, $0.callBytes, $0.frameBytes) = (2, 100_000, 100_000) }
        let server = try await RPCServer.live(service, limits: limits)
        var peers: [RawPeer] = []
        let call = Plain.call("append") + Plain.event([], String(repeating: "x", count: 40_000))
        for _ in 0..<10 {
            let peer = try await RawPeer.connect(server.port)
            try await peer.send(PlainFrame(0, Plain.handshake() + Plain.ping))
            peer.channel.writeAndFlush(
                ByteBuffer(bytes: (Int32(1)...50).flatMap { PlainFrame($0, call).bytes }),
                promise: nil
            )
            peers.append(peer)
        }
        await service.log.wait { $0.calls.count == 20 }
        try await Task.sleep(for: .milliseconds(300))
        #expect(service.log.now.calls.count == 20)
        // Two calls, and what one read from the socket brought beside them.
        #expect(server.heldBytes >= 10 * 2 * 40_000)
        #expect(server.heldBytes <= 10 * (limits.callBytes + (1 << 20)))
        for peer in peers { await peer.reset() }
        await service.log.wait { $0.connections == 0 }
        #expect(server.heldBytes == 0)
        await server.stop(deadline: .now())
    }

    // MARK: Stopping

    /// Whoever comes in between the end of listening and the end of the server is not left behind.
    @Test func nobodyComesInWhileStopping() async throws {
        let service = RecordingService()
        let (asked, gate) = (Watched(false), Gate())
        let filter = AddressFilter(try AddressRules("allow:name:good,deny:ip:*"), patience: .hours(1)) { _ in
            asked.change { $0 = true }
            gate.wait()
            return AddressRules.Facts(name: "good", isLocal: false)
        }
        let server = try await RPCServer.live(service, filter: filter)
        // Accepted, and let in only when the server knows its name: behind the end of listening.
        let peer = try await RawPeer.connect(server.port)
        await asked.wait { $0 }
        await server.quiesce()
        gate.open()
        #expect(await peer.end().isAtEnd)
        // The peer knows of the end before the service does.
        await service.log.wait { $0.connections == 0 }
        await server.stop(deadline: .now() + .seconds(1))
        await peer.close()
    }

    // MARK: Helpers

    private func greeted(_ server: RPCServer) async throws -> RawPeer {
        let peer = try await RawPeer.connect(server.port)
        try await peer.send(PlainFrame(1, Plain.handshake() + Plain.append))
        #expect(await peer.frames(1).count == 1)
        return peer
    }
}
