import Events
import NIOCore
import Testing

@testable import AvroRPC

/// `client.type = default_loadbalance`, row by row.
@Suite(.timeLimit(.minutes(1))) struct BalancingClientTests {
    private let balance = ["client.type": "default_loadbalance"]

    private func append(_ client: RPCClient, _ body: String = "x") async -> RPCError? {
        await failure { () throws(RPCError) in try await client.append(Event(body: body)) }
    }

    /// Waits until connections to all hosts stand, so that each has its turns from here on.
    private func warmUp(_ client: RPCClient, _ rig: ClientRig) async {
        #expect(await append(client) == nil)
        for service in rig.services { await service.log.wait { $0.connections == 1 } }
        for _ in 0..<100 where rig.calls.contains(0) { _ = await append(client) }
    }

    @Test func takesHostsInTurn() async throws {
        let rig = try await ClientRig.start(3)
        let client = try rig.client(balance)
        await warmUp(client, rig)
        let before = rig.calls
        for _ in 0..<9 { #expect(await append(client) == nil) }
        #expect(zip(rig.calls, before).map { $0 - $1 } == [3, 3, 3])
        await client.close()
        await rig.stop()
    }

    @Test func randomReachesAll() async throws {
        let rig = try await ClientRig.start(2)
        let client = try rig.client(balance.merging(["host-selector": "random"]) { $1 })
        await warmUp(client, rig)
        for _ in 0..<100 { #expect(await append(client) == nil) }
        // 2^-100 by chance.
        #expect(rig.calls.allSatisfy { $0 > 1 })
        await client.close()
        await rig.stop()
    }

    /// Also where it is cut: a batch is one turn.
    @Test func aBatchGoesToOneHost() async throws {
        let rig = try await ClientRig.start(2)
        let client = try rig.client(balance.merging(["batch-size": "2"]) { $1 })
        await warmUp(client, rig)
        let before = rig.calls
        try await client.appendBatch(ClientRig.events(7))
        #expect(zip(rig.calls, before).map { $0 - $1 }.sorted() == [0, 4])
        try await client.appendBatch(ClientRig.events(7))
        #expect(zip(rig.calls, before).map { $0 - $1 } == [4, 4])
        await client.close()
        await rig.stop()
    }

    @Test func eachHostIsTriedOnce() async throws {
        let rig = try await ClientRig.start([{ _, _ in .failed }, { _, _ in .failed }, { _, _ in .failed }])
        let client = try rig.client(balance)
        let one = await append(client)
        #expect(one?.code == .noHost)
        #expect(one?.message.hasPrefix("Unable to send event to any host") == true, "\(one?.message ?? "")")
        #expect(rig.calls == [1, 1, 1])
        let many = await failure { () throws(RPCError) in try await client.appendBatch(ClientRig.events(2)) }
        #expect(many?.message.hasPrefix("Unable to send batch to any host") == true, "\(many?.message ?? "")")
        #expect(rig.calls == [2, 2, 2])
        await client.close()
        await rig.stop()
    }

    @Test func aHostThatIsAwayIsPassedOver() async throws {
        let rig = try await ClientRig.start(1)
        let away = try await ClientRig.freePort()
        let properties = ["hosts": "h0 h1", "hosts.h0": "127.0.0.1:\(away)"]
        let client = try rig.client(balance.merging(properties) { $1 })
        for number in 0..<20 { #expect(await append(client, "\(number)") == nil) }
        #expect(rig.bodies[0] == (0..<20).map { "\($0)" })
        await client.close()
        await rig.stop()
    }

    @Test func allHostsAreAway() async throws {
        let ports = [try await ClientRig.freePort(), try await ClientRig.freePort()]
        let client = try RPCClient(properties: ClientRig.properties(ports).merging(balance) { $1 })
        for _ in 0..<3 {
            let error = await append(client)
            #expect(error?.message.hasPrefix("Unable to send event to any host: cannot connect to") == true)
        }
        await client.close()
    }

    /// A host that failed is left out; without `backoff` it has its every turn.
    @Test(arguments: [true, false]) func backoff(isOn: Bool) async throws {
        let rig = try await ClientRig.start([{ _, _ in .failed }, { _, _ in .ok }])
        let more = isOn ? ["backoff": "true", "maxBackoff": "60000"] : [:]
        let client = try rig.client(balance.merging(more) { $1 })
        for _ in 0..<100 where rig.calls[0] == 0 { #expect(await append(client) == nil) }
        #expect(rig.calls[0] == 1)
        for _ in 0..<20 { #expect(await append(client) == nil) }
        // Two seconds of rest after the first failure; a slow machine may see the next.
        if isOn { #expect(rig.calls[0] <= 2) } else { #expect(rig.calls[0] >= 10) }
        await client.close()
        await rig.stop()
    }

    @Test func everyHostIsLeftOut() async throws {
        let rig = try await ClientRig.start([{ _, _ in .failed }, { _, _ in .failed }])
        let client = try rig.client(balance.merging(["backoff": "true"]) { $1 })
        #expect(await append(client) != nil)
        let error = await append(client)
        #expect(error?.message.hasPrefix("Unable to send event to any host") == true)
        #expect(rig.calls == [1, 1])
        await client.close()
        await rig.stop()
    }
}
