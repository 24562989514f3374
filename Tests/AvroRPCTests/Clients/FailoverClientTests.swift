import Events
import NIOCore
import Testing

@testable import AvroRPC

/// `client.type = default_failover`, row by row.
@Suite(.timeLimit(.minutes(1))) struct FailoverClientTests {
    private let failover = ["client.type": "Default_Failover"]

    private func append(_ client: RPCClient, _ body: String) async -> RPCError? {
        await failure { () throws(RPCError) in try await client.append(Event(body: body)) }
    }

    @Test func staysWithTheFirstHost() async throws {
        let rig = try await ClientRig.start(3)
        let client = try rig.client(failover)
        for number in 0..<5 { #expect(await append(client, "\(number)") == nil) }
        #expect(rig.calls == [5, 0, 0])
        await client.close()
        await rig.stop()
    }

    /// To the next in order, which keeps it: there is no way back by itself.
    @Test func movesOnAfterAFailureAndStaysThere() async throws {
        let rig = try await ClientRig.start([
            { index, _ in index == 1 ? .failed : .ok }, { _, _ in .ok }, { _, _ in .ok },
        ])
        let client = try rig.client(failover)
        for number in 0..<6 { #expect(await append(client, "\(number)") == nil) }
        #expect(rig.bodies == [["0", "1"], ["1", "2", "3", "4", "5"], []])
        await client.close()
        await rig.stop()
    }

    /// Behind the last comes the first; a host that was left is used again.
    @Test func wraps() async throws {
        let rig = try await ClientRig.start([
            { index, _ in index == 0 ? .failed : .ok }, { index, _ in index == 1 ? .error("broken") : .ok },
        ])
        let client = try rig.client(failover)
        for number in 0..<4 { #expect(await append(client, "\(number)") == nil) }
        #expect(rig.bodies == [["0", "1", "2", "3"], ["0", "1"]])
        await client.close()
        await rig.stop()
    }

    @Test(arguments: [(nil, [1, 1, 0]), ("2", [1, 1, 0]), ("1", [1, 0, 0]), ("3", [1, 1, 1]), ("0", [1, 1, 1])])
    func attempts(most: String?, calls: [Int]) async throws {
        // Two hosts that refuse and, where the attempts reach so far, a third.
        let rig = try await ClientRig.start([{ _, _ in .failed }, { _, _ in .failed }, { _, _ in .failed }])
        var properties = failover
        properties["max-attempts"] = most
        if most == nil { properties["hosts"] = "h1 h2" }
        let client = try rig.client(properties)
        let error = await append(client, "x")
        #expect(error?.message.hasPrefix("Failed to send the event!") == true, "\(error?.message ?? "")")
        #expect(error?.code == .refused)
        #expect(rig.calls == calls)
        await client.close()
        await rig.stop()
    }

    @Test func nobodyAccepts() async throws {
        let ports = [try await ClientRig.freePort(), try await ClientRig.freePort()]
        let client = try RPCClient(properties: ClientRig.properties(ports).merging(failover) { $1 })
        for _ in 0..<2 {
            let error = await append(client, "x")
            #expect(error?.code == .noHost)
            #expect(error?.message.hasPrefix("No clients currently active.") == true)
        }
        await client.close()
    }

    @Test func passesOverHostsThatAreAway() async throws {
        let rig = try await ClientRig.start(1)
        let away = try await ClientRig.freePort()
        let properties = ["hosts": "h0 nameless h1", "hosts.h0": "127.0.0.1:\(away)"]
        let client = try rig.client(failover.merging(properties) { $1 })
        for number in 0..<3 { #expect(await append(client, "\(number)") == nil) }
        #expect(rig.bodies == [["0", "1", "2"]])
        await client.close()
        await rig.stop()
    }

    /// What was in flight goes to the next host in its order, and new calls behind it.
    @Test func aBrokenConnectionsCallsKeepTheirOrder() async throws {
        let naming: [UInt8] = [0, 0, 0, 2] + Plain.map(ClientMachineTests.naming(calls: "8", bytes: "67108864"))
        let first = try await ScriptedServer.start { _, index, frame in
            index == 0 ? [.send(PlainFrame(frame.serial, naming))] : index == 8 ? [.close] : []
        }
        let rig = try await ClientRig.start(1)
        let properties = ["hosts": "h0 h1", "hosts.h0": "127.0.0.1:\(first.port)"]
        let client = try rig.client(failover.merging(properties) { $1 })
        await withTaskGroup(of: Void.self) { tasks in
            for number in 0..<10 {
                tasks.addTask { _ = await self.append(client, "\(number)") }
                await first.log.wait { ($0.frames.first?.count ?? 0) >= min(number + 2, 9) }
            }
        }
        #expect(rig.bodies[0].count == 10)
        #expect(rig.bodies[0].prefix(8) == (0..<8).map { "\($0)" }[...])
        await client.close()
        await first.stop()
        await rig.stop()
    }
}
