import AvroRPC
import Events
import NIOCore
import Testing

/// The client's handler on real sockets.
@Suite(.timeLimit(.minutes(1))) struct ClientConnectionTests {
    /// A server of ours in name, which answers calls when the test says so; pings at once where `answersPings`.
    private func named(
        calls: String = "8",
        bytes: String = "67108864",
        answersPings: Bool = true
    ) async throws -> ScriptedServer {
        let handshake: [UInt8] = [0, 0, 0, 2] + Plain.map(ClientMachineTests.naming(calls: calls, bytes: bytes))
        return try await ScriptedServer.start { _, index, frame in
            if index == 0 { return [.send(PlainFrame(frame.serial, handshake))] }
            return frame.joined == Plain.ping && answersPings ? [.send(PlainFrame(frame.serial, []))] : []
        }
    }

    @Test func repliesAreMatchedBySerial() async throws {
        let server = try await named()
        let client = try await TestClient.connect(server.port)
        for number in UInt64(1)...4 { try await client.send(number) }
        let frames = await server.log.wait { $0.frames[0].count == 5 }.frames[0]
        #expect(frames.map(\.serial) == [1, 2, 3, 4, 5])
        server.send(
            PlainFrame(5, Plain.ok),
            PlainFrame(77, Plain.ok),
            PlainFrame(3, Plain.failed),
            PlainFrame(2, Plain.ok),
            PlainFrame(4, Plain.error("no"))
        )
        #expect(
            await client.events(5) == [
                .settled(4, nil), .stray(77), .settled(2, .refused), .settled(1, nil), .settled(3, .remoteError),
            ]
        )
        try await client.close()
        await server.stop()
    }

    @Test func aPongIsTold() async throws {
        let server = try await named()
        let client = try await TestClient.connect(server.port)
        try await client.ping()
        #expect(await client.events(1) == [.pong])
        #expect(try await client.inFlight() == 0)
        try await client.close()
        await server.stop()
    }

    /// Also where no call keeps the clock going.
    @Test func aPingIntoABlackHoleEndsTheConnection() async throws {
        let server = try await named(answersPings: false)
        var settings = RPCClientSettings()
        settings.pingTimeout = .milliseconds(600)
        let client = try await TestClient.connect(server.port, settings: settings)
        try await client.ping()
        #expect(await client.events(1) == [.closed(.timedOut)])
        await server.stop()
    }

    @Test func aSilentPeerIsPingedAndThenDead() async throws {
        let server = try await named(answersPings: false)
        var settings = RPCClientSettings()
        settings.pingInterval = .milliseconds(300)
        settings.pingTimeout = .milliseconds(1_500)
        let client = try await TestClient.connect(server.port, settings: settings)
        try await client.send(8)
        try await client.send(9)
        #expect(await client.events(3) == [.settled(8, .timedOut), .settled(9, .timedOut), .closed(.timedOut)])
        let pings = server.log.now.frames[0].dropFirst(3)
        #expect(pings.count >= 2)
        #expect(pings.allSatisfy { $0.joined == Plain.ping })
        await server.stop()
    }

    @Test func answeredPingsKeepASlowPeer() async throws {
        let server = try await named()
        var settings = RPCClientSettings()
        settings.pingInterval = .milliseconds(200)
        settings.pingTimeout = .milliseconds(800)
        let client = try await TestClient.connect(server.port, settings: settings)
        try await client.send(8)
        await server.log.wait { $0.frames[0].count >= 7 }
        #expect(client.seen.now.allSatisfy { $0 == .pong })
        server.send(PlainFrame(2, Plain.ok))
        await client.seen.wait { $0.contains(.settled(8, nil)) }
        #expect(client.seen.now.contains(.settled(8, nil)))
        try await client.close()
        await server.stop()
    }

    @Test func aCutConnectionSettlesAllInOrder() async throws {
        let server = try await named()
        let client = try await TestClient.connect(server.port)
        for number in [5, 3, 4] as [UInt64] { try await client.send(number) }
        await server.log.wait { $0.frames[0].count == 4 }
        server.cut()
        #expect(
            await client.events(4) == [
                .settled(5, .connectionClosed), .settled(3, .connectionClosed), .settled(4, .connectionClosed),
                .closed(.connectionClosed),
            ]
        )
        #expect(try await !client.hasRoom())
        await server.stop()
    }

    @Test func closingWaitsForOpenCalls() async throws {
        let server = try await named()
        let client = try await TestClient.connect(server.port)
        try await client.send(1)
        try await client.send(2)
        try await client.closeWhenIdle()
        #expect(try await !client.hasRoom())
        await server.log.wait { $0.frames[0].count == 3 }
        server.send(PlainFrame(3, Plain.ok))
        #expect(await client.events(1) == [.settled(2, nil)])
        try await Task.sleep(for: .milliseconds(100))
        #expect(server.log.now.closed == [])
        server.send(PlainFrame(2, Plain.failed))
        #expect(await client.events(3) == [.settled(2, nil), .settled(1, .refused), .closed(.connectionClosed)])
        #expect(await server.log.wait { $0.closed == [0] }.closed == [0])

        let idle = try await TestClient.connect(server.port)
        try await idle.closeWhenIdle()
        #expect(await idle.events(1) == [.closed(.connectionClosed)])
        await server.stop()
    }

    /// An unnamed peer's late call: its neighbour is waited for, then the connection is given up.
    @Test func aLateCallEndsTheConnectionBehindItsNeighbours() async throws {
        let server = try await ScriptedServer.start { _, index, frame in
            index == 0 ? [.send(PlainFrame(frame.serial, Plain.both))] : []
        }
        var settings = RPCClientSettings.hasty(request: .milliseconds(6_000))
        settings.window = 2
        let client = try await TestClient.connect(server.port, settings: settings)
        try await client.send(1)
        try await Task.sleep(for: .milliseconds(3_000))
        try await client.send(2)
        #expect(await client.events(1) == [.settled(1, .timedOut)])
        server.send(PlainFrame(3, Plain.ok))
        // On a machine that stands still for seconds the answer may come too late for the neighbour as well.
        let seen = await client.events(3)
        let late: [TestClient.Seen] = [.settled(1, .timedOut), .settled(2, .timedOut), .closed(.timedOut)]
        #expect(seen == [.settled(1, .timedOut), .settled(2, nil), .closed(.timedOut)] || seen == late)
        await server.stop()
    }

    /// Above the size that is copied behind its head, and below it.
    @Test(arguments: [1, 200, 40_000, 3_000_000])
    func batchesOfAnySize(size: Int) async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(service)
        let client = try await TestClient.connect(server.port)
        let batch = EventBatch.small(String(repeating: "y", count: size))
        try await client.send(1, batch)
        try await client.send(2, batch)
        #expect(await client.events(2) == [.settled(1, nil), .settled(2, nil)])
        #expect(service.log.now.calls.map(\.batch.bytes) == [batch.bytes, batch.bytes])
        try await client.close()
        await server.stop(deadline: .now())
    }
}
