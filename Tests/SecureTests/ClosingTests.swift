import NIOCore
import Secure
import Testing

@Suite struct ClosingTests {
    /// Both ends of one connection with the handshake done.
    private func connected(_ options: Options = Options()) async throws -> (Listener, client: End, server: End) {
        let listener = try await Listener.start(Contexts.server(), options)
        let client = try await listener.connect(Contexts.client(), options)
        let server = try await listener.next()
        #expect(await client.recorder.handshake() != nil)
        #expect(await server.recorder.handshake() != nil)
        return (listener, client, server)
    }

    @Test func aCloseIsToldAsClean() async throws {
        let (listener, client, server) = try await self.connected()
        try await server.send(pattern(1_000))
        await server.close()
        let log = await client.recorder.closed()
        #expect(log.received == pattern(1_000))
        #expect(log.peerClosed == [true])
        #expect(log.lines == [])
        await listener.stop()
    }

    @Test func aCutConnectionIsToldAsNotClean() async throws {
        let (listener, client, server) = try await self.connected()
        try await client.send(pattern(1_000))
        _ = await server.recorder.received(1_000)
        // Under the handler's feet: no close_notify.
        try await client.channel.pipeline.context(handlerType: TLSHandler.self).flatMap { context in
            context.close()
        }.get()
        let log = await server.recorder.closed()
        #expect(log.peerClosed == [false])
        #expect(log.lines == [])
        await listener.stop()
    }

    @Test func halfClosureLeavesTheOtherWayOpen() async throws {
        let (listener, client, server) = try await self.connected(Options(halfClosure: true))
        try await client.send(pattern(500))
        try await client.channel.close(mode: .output)
        let halved = await server.recorder.wait { $0.inputClosed > 0 }
        #expect(halved.received == pattern(500))
        #expect(halved.peerClosed == [true])
        #expect(!halved.isInactive)
        await #expect(throws: ChannelError.self) { try await client.send(pattern(1)) }
        try await server.send(pattern(200_000))
        #expect(await client.recorder.received(200_000) == pattern(200_000))
        await server.close()
        let log = await client.recorder.closed()
        #expect(log.peerClosed == [true])
        #expect(log.lines == [])
        // Told once, though close_notify and the end of the stream both came.
        #expect(server.recorder.log.inputClosed == 1)
        await listener.stop()
    }

    @Test func halfClosureWaitsForWritesBeforeTheHandshake() async throws {
        let options = Options(halfClosure: true)
        let listener = try await Listener.start(Contexts.server(), options)
        let client = try await listener.connect(Contexts.client(), options)
        let written = client.channel.eventLoop.makePromise(of: Void.self)
        let closed = client.channel.eventLoop.makePromise(of: Void.self)
        client.channel.writeAndFlush(pattern(100_000), promise: written)
        client.channel.close(mode: .output, promise: closed)
        try await written.futureResult.get()
        try await closed.futureResult.get()
        let server = try await listener.next()
        let log = await server.recorder.wait { $0.inputClosed > 0 }
        #expect(log.received == pattern(100_000))
        await server.close()
        await listener.stop()
    }

    @Test func writesAfterTheCloseFail() async throws {
        let (listener, client, server) = try await self.connected()
        await client.close()
        await #expect(throws: ChannelError.self) { try await client.send(pattern(1)) }
        _ = await server.recorder.closed()
        await listener.stop()
    }

    @Test func manyConnectionsLeaveNothing() async throws {
        let context = try Contexts.server()
        let clients = try Contexts.client()
        let listener = try await Listener.start(context, Options(echoes: true))
        for round in 0..<200 {
            let client = try await listener.connect(clients)
            let server = try await listener.next()
            // Every way to end: after an exchange, in mid-handshake, by the server.
            switch round % 4 {
            case 0:
                try await client.send(pattern(1_000))
                _ = await client.recorder.received(1_000)
                #expect(clients.liveConnections == 1)
                await client.close()
            case 1:
                await client.close()
            case 2:
                _ = await client.recorder.handshake()
                await server.close()
            default:
                await server.close()
            }
            _ = await client.recorder.closed()
            _ = await server.recorder.closed()
            // A handler's end may come just after its channel's.
            try await client.channel.closeFuture.get()
            try await server.channel.closeFuture.get()
            try await client.channel.eventLoop.submit {}.get()
            try await server.channel.eventLoop.submit {}.get()
            #expect(clients.liveConnections == 0, "round \(round)")
            #expect(context.liveConnections == 0, "round \(round)")
        }
        await listener.stop()
    }
}
