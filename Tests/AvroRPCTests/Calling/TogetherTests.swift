import AvroRPC
import Events
import NIOCore
import NIOPosix
import Testing

/// Our client and our server.
@Suite(.timeLimit(.minutes(1))) struct TogetherTests {
    /// Keeps the window full from the loop, as a sink does.
    private static func run(_ client: TestClient, _ batches: Int) async -> (order: [TestClient.Seen], widest: Int) {
        let widest = Watched(0)
        let handler = client.handler
        let next = Watched(UInt64(0))
        @Sendable func fill() {
            while next.now < batches {
                let number = next.now
                let size = Int(number * 7_919 % 50_000)
                let batch = EventBatch.small("\(number) " + String(repeating: "z", count: size))
                guard handler.value.hasRoom(for: batch) else { return }
                handler.value.send(batch, number: number, deadline: nil)
                next.change { $0 += 1 }
                let inFlight = handler.value.inFlight
                widest.change { $0 = max($0, inFlight) }
            }
        }
        var answered = 0
        while answered < batches {
            _ = try? await client.loop.submit { fill() }.get()
            let before = answered
            answered = await client.seen.wait { $0.count > before }.count
            if answered == before { break }
        }
        return (client.seen.now, widest.now)
    }

    @Test(arguments: [false, true])
    func twoHundredBatches(tls: Bool) async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(service, tls: tls)
        let client = try await TestClient.connect(server.port, tls: tls ? Contexts.client() : nil)
        #expect(try await client.peer() == service.description)
        let (seen, widest) = await Self.run(client, 200)
        #expect(seen == (0..<200).map { .settled($0, nil) })
        #expect(widest == 8)
        let log = service.log.now
        let numbers = log.calls.map { call in
            String(decoding: call.batch.event(at: 0).body.readableBytesView.prefix { $0 != 0x20 }, as: UTF8.self)
        }
        #expect(numbers == (0..<200).map(String.init))
        #expect(log.calls.allSatisfy { $0.isFromNamedPeer && $0.timeLeft == .seconds(60) })
        #expect(log.failures == [])
        try await client.closeWhenIdle()
        #expect(await service.log.wait { $0.connections == 0 }.connections == 0)
        await server.stop(deadline: .now())
    }

    /// A full window is no reason to be deaf: the server holds all it promised to hold, and answers pings.
    @Test func pingsAreAnsweredWhileTheWindowIsFull() async throws {
        let service = RecordingService { _, _ in nil }
        let server = try await RPCServer.live(service)
        var settings = RPCClientSettings()
        settings.pingInterval = .milliseconds(200)
        settings.pingTimeout = .milliseconds(900)
        let client = try await TestClient.connect(server.port, settings: settings)
        for number in UInt64(0)..<8 {
            #expect(try await client.hasRoom())
            try await client.send(number)
        }
        #expect(try await !client.hasRoom())
        await service.log.wait { $0.calls.count == 8 }
        #expect(await client.events(6).allSatisfy { $0 == .pong })
        for index in 0..<8 { service.release(index) }
        let settled = await client.seen.wait { $0.count { $0 != .pong } == 8 }.filter { $0 != .pong }
        #expect(settled == (0..<8).map { .settled($0, nil) })
        try await client.close()
        await server.stop(deadline: .now())
    }

    /// A stopping server answers all that it holds; the client sees answers first, then the end.
    @Test(arguments: [false, true])
    func aServersStop(tls: Bool) async throws {
        let service = RecordingService { _, _ in nil }
        let server = try await RPCServer.live(service, tls: tls)
        let client = try await TestClient.connect(server.port, tls: tls ? Contexts.client() : nil)
        for number in UInt64(0)..<4 { try await client.send(number) }
        await service.log.wait { $0.calls.count == 4 }
        await server.quiesce()
        try await client.send(4)
        #expect(await client.events(1) == [.settled(4, .refused)])
        async let stopped: Void = server.stop(deadline: .now() + .seconds(8))
        for index in 0..<4 { service.release(index) }
        #expect(
            await client.events(6) == [.settled(4, .refused)] + (0..<4).map { .settled($0, nil) }
                + [.closed(.connectionClosed)]
        )
        await stopped
    }

    @Test func aClientThatComesAndGoes() async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(service)
        for round in UInt64(0)..<50 {
            let client = try await TestClient.connect(server.port)
            try await client.send(round)
            #expect(await client.events(1) == [.settled(round, nil)])
            try await client.close()
        }
        let log = await service.log.wait { $0.connections == 0 }
        #expect(log.calls.count == 50)
        #expect(log.failures == [])
        #expect(log.connections == 0)
        await server.stop(deadline: .now())
    }
}
