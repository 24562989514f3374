import Events
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import AvroRPC

/// Connections that reach their age under traffic.
@Suite(.timeLimit(.minutes(1))) struct RenewalTests {
    /// Many connections, and every event once, in order.
    @Test func nothingIsLostOrRepeated() async throws {
        let service = RecordingService()
        let opened = Watched(0)
        let server = try await RPCServer.live(service)
        var plan = RPCClientPlan(kind: .single, hosts: [RPCEndpoint(host: "127.0.0.1", port: server.port ?? 0)])
        plan.life.reset = .milliseconds(20)
        let renewed = plan
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let settled = Watched<[UInt64]>([])
        let failed = Watched<[RPCError]>([])
        let hosts = try await loop.submit {
            NIOLoopBound(
                RPCHosts(
                    renewed,
                    tls: { nil },
                    on: loop,
                    events: { event in
                        switch event {
                        case .settled(let number, .success): settled.change { $0.append(number) }
                        case .settled(_, .failure(let error)): failed.change { $0.append(error) }
                        case .opened: opened.change { $0 += 1 }
                        default: break
                        }
                    }
                ),
                eventLoop: loop
            )
        }.get()
        var number: UInt64 = 0
        while opened.now < 5 || number < 500 {
            let next = number
            loop.execute { hosts.value.submit(.numbered([Int(next)]), number: next, deadline: nil) }
            number += 1
            // Calls are under way whenever a connection is replaced, and no more of them pile up on a slow machine.
            let sent = Int(number)
            await settled.wait { sent - $0.count < 64 }
        }
        let count = Int(number)
        await settled.wait { $0.count == count }
        #expect(failed.now == [])
        let isInOrder = service.log.now.calls.flatMap(\.batch.numbers) == Array(0..<count)
        #expect(isInOrder)
        // Those that were left have closed.
        await service.log.wait { $0.connections <= 2 }
        #expect(service.log.now.connections <= 2)
        try await loop.flatSubmit { hosts.value.end(deadline: .now() + .seconds(5)) }.get()
        #expect(await service.log.wait { $0.connections == 0 }.connections == 0)
        await server.stop(deadline: .now())
    }

    /// A call that is held keeps its old connection; what follows waits, so that order holds.
    @Test func theOldConnectionAnswersItsCalls() async throws {
        let rig = try await ClientRig.start([{ index, _ in index == 0 ? nil : .ok }])
        var plan = RPCClientPlan(kind: .single, hosts: [RPCEndpoint(host: "127.0.0.1", port: rig.servers[0].port ?? 0)])
        plan.life.reset = .milliseconds(100)
        let client = RPCClient(plan, tls: { nil }, group: MultiThreadedEventLoopGroup.singleton)
        let held = Task { await failure { () throws(RPCError) in try await client.append(Event(body: "0")) } }
        // The third begins when the second is in use.
        #expect(await rig.services[0].log.wait { $0.connections >= 3 }.connections >= 3)
        let next = Task { await failure { () throws(RPCError) in try await client.append(Event(body: "1")) } }
        try await Task.sleep(for: .milliseconds(100))
        #expect(rig.calls == [1])
        rig.services[0].release(0)
        #expect(await held.value == nil)
        #expect(await next.value == nil)
        #expect(rig.bodies == [["0", "1"]])
        await client.close()
        await rig.stop()
    }

    /// Where no newer connection can be made, the old one is kept.
    @Test func theServerListensNoMore() async throws {
        let server = try await ScriptedServer.start { _, index, frame in
            [.send(PlainFrame(frame.serial, index == 0 ? Plain.both : Plain.ok))]
        }
        var plan = RPCClientPlan(kind: .single, hosts: [RPCEndpoint(host: "127.0.0.1", port: server.port)])
        plan.life.reset = .milliseconds(100)
        let client = RPCClient(plan, tls: { nil }, group: MultiThreadedEventLoopGroup.singleton)
        try await client.append(Event(body: "x"))
        try await server.stopListening()
        let before = server.log.now.frames.count
        for _ in 0..<10 {
            try await Task.sleep(for: .milliseconds(50))
            try await client.append(Event(body: "x"))
        }
        #expect(server.log.now.frames.count == before)
        await client.close()
        await server.stop()
    }

    /// Between four fifths of the greatest age and all of it; a reset interval is kept to.
    @Test func theAge() {
        var generator = SeededGenerator(seed: 7)
        let aged = ConnectionLife(greatestAge: .seconds(100))
        let drawn = (0..<1000).compactMap { _ in aged.draw(using: &generator) }
        #expect(drawn.allSatisfy { $0 >= .seconds(80) && $0 <= .seconds(100) })
        #expect(drawn.contains { $0 < .seconds(82) } && drawn.contains { $0 > .seconds(98) })
        #expect(ConnectionLife().draw(using: &generator) == nil)
        #expect(ConnectionLife(reset: .seconds(30)).draw(using: &generator) == .seconds(30))
        #expect(ConnectionLife(reset: .seconds(30), greatestAge: .seconds(100)).draw(using: &generator) == .seconds(30))
    }
}
