import Events
import NIOCore
import Testing

@testable import AvroRPC

/// `client.type = default`, row by row.
@Suite(.timeLimit(.minutes(1))) struct DefaultClientTests {
    @Test func cutsABatchIntoCalls() async throws {
        let rig = try await ClientRig.start(1)
        let client = try rig.client(["batch-size": "2"])
        try await client.appendBatch(ClientRig.events(5))
        #expect(rig.sizes(0) == [2, 2, 1])
        #expect(rig.bodies[0] == ["0", "1", "2", "3", "4"])
        try await client.appendBatch([Event]())
        #expect(rig.calls == [3])
        try await client.append(Event(headers: ["host": "web1"], body: "hello"))
        #expect(rig.services[0].log.now.calls[3].batch.events == [Event(headers: ["host": "web1"], body: "hello")])
        await client.close()
        await rig.stop()
    }

    /// Those before it have arrived, those behind it were not sent.
    @Test func aLaterCallsFailureIsThrown() async throws {
        let rig = try await ClientRig.start([{ index, _ in index == 1 ? .failed : .ok }])
        let client = try rig.client(["batch-size": "2"])
        let error = await failure { () throws(RPCError) in try await client.appendBatch(ClientRig.events(6)) }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("FAILED") == true)
        #expect(rig.bodies[0] == ["0", "1", "2", "3"])
        await client.close()
        await rig.stop()
    }

    @Test func onlyTheFirstHostIsUsed() async throws {
        let rig = try await ClientRig.start([{ _, _ in .failed }, { _, _ in .ok }])
        let client = try rig.client(["client.type": "DEFAULT"])
        for _ in 0..<3 {
            let error = await failure { () throws(RPCError) in try await client.append(Event(body: "x")) }
            #expect(error?.code == .refused)
        }
        #expect(rig.calls == [3, 0])
        await client.close()
        await rig.stop()
    }

    @Test func aBrokenConnectionIsMadeAgain() async throws {
        let server = try await ScriptedServer.start { connection, index, frame in
            if index == 0 { return [.send(PlainFrame(frame.serial, Plain.both))] }
            return connection == 0 ? [.close] : [.send(PlainFrame(frame.serial, Plain.ok))]
        }
        let client = try RPCClient(properties: ClientRig.properties([server.port]))
        let error = await failure { () throws(RPCError) in try await client.append(Event(body: "x")) }
        #expect(error?.code == .connectionClosed)
        try await client.append(Event(body: "x"))
        #expect(server.log.now.frames.map(\.count) == [2, 2])
        await client.close()
        await server.stop()
    }

    @Test func flumesTextOfATimeOut() async throws {
        let server = try await ScriptedServer.start { _, index, frame in
            index == 0 ? [.send(PlainFrame(frame.serial, Plain.both))] : []
        }
        let properties = ClientRig.properties([server.port]).merging(["request-timeout": "1000"]) { $1 }
        let client = try RPCClient(properties: properties)
        let error = await failure { () throws(RPCError) in try await client.append(Event(body: "x")) }
        #expect(error?.code == .timedOut)
        #expect(error?.message == "127.0.0.1:\(server.port): RPC request timed out after 1000ms")
        await client.close()
        await server.stop()
    }

    @Test func nobodyListens() async throws {
        let port = try await ClientRig.freePort()
        let client = try RPCClient(properties: ClientRig.properties([port]))
        let error = await failure { () throws(RPCError) in try await client.append(Event(body: "x")) }
        #expect(error?.code == .cannotConnect)
        #expect(error?.message == "cannot connect to 127.0.0.1:\(port): Connection refused")
        await client.close()
    }

    /// Eight at a time to a peer of ours, one to Java's.
    @Test(arguments: [true, false]) func theWindow(isNamed: Bool) async throws {
        let naming: [UInt8] = [0, 0, 0, 2] + Plain.map(ClientMachineTests.naming(calls: "8", bytes: "67108864"))
        let server = try await ScriptedServer.start { _, index, frame in
            index == 0 ? [.send(PlainFrame(frame.serial, isNamed ? naming : Plain.both))] : []
        }
        let client = try RPCClient(properties: ClientRig.properties([server.port]))
        let window = isNamed ? 8 : 1
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for number in 0..<12 { tasks.addTask { try await client.append(Event(body: "\(number)")) } }
            var answered = 0
            while answered < 12 {
                let goal = min(answered + window, 12)
                let frames = await server.log.wait { ($0.frames.first?.count ?? 0) > goal }.frames[0].dropFirst()
                try await Task.sleep(for: .milliseconds(20))
                #expect(server.log.now.frames[0].count == goal + 1)
                for frame in frames.dropFirst(answered) { server.send(PlainFrame(frame.serial, Plain.ok)) }
                answered = goal
            }
            try await tasks.waitForAll()
        }
        await client.close()
        await server.stop()
    }

    @Test func aCancelledCall() async throws {
        let rig = try await ClientRig.start([{ index, _ in index == 0 ? nil : .ok }])
        let client = try rig.client([:])
        let task = Task { await failure { () throws(RPCError) in try await client.append(Event(body: "held")) } }
        await rig.services[0].log.wait { $0.calls.count == 1 }
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        try await client.append(Event(body: "next"))
        let late = Task { await failure { () throws(RPCError) in try await client.append(Event(body: "never")) } }
        late.cancel()
        _ = await late.value
        rig.services[0].release(0)
        await client.close()
        await rig.stop()
    }

    @Test func closingWaitsForWhatIsSent() async throws {
        let rig = try await ClientRig.start([{ index, _ in index == 0 ? nil : .ok }])
        let client = try rig.client([:])
        let task = Task { await failure { () throws(RPCError) in try await client.append(Event(body: "held")) } }
        await rig.services[0].log.wait { $0.calls.count == 1 }
        let closing = Task { await client.close() }
        while client.isActive { await Task.yield() }
        let error = await failure { () throws(RPCError) in try await client.append(Event(body: "late")) }
        #expect(error?.code == .clientClosed)
        #expect(error?.message == "Attempting to append to an already closed client!")
        rig.services[0].release(0)
        #expect(await task.value == nil)
        await closing.value
        #expect(rig.calls == [1])
        await rig.stop()
    }

    /// A client that nobody closed takes its connection along.
    @Test func aForgottenClientCloses() async throws {
        let rig = try await ClientRig.start(1)
        var client: RPCClient? = try rig.client([:])
        try await client?.append(Event(body: "x"))
        #expect(rig.services[0].log.now.connections == 1)
        client = nil
        #expect(await rig.services[0].log.wait { $0.connections == 0 }.connections == 0)
        await rig.stop()
    }
}
