import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Agent

@Suite(.serialized) struct WholeAgentTests {
    /// `feed` or an Avro source into memory into `fake` or an Avro sink.
    private func text(
        from source: String,
        to sink: String,
        channel: String = "a.channels.c.capacity = 10000\na.channels.c.transactionCapacity = 1000"
    ) -> String {
        """
        a.sources = r
        a.channels = c
        a.sinks = k
        a.sources.r.channels = c
        \(source)
        a.channels.c.type = memory
        \(channel)
        a.sinks.k.channel = c
        \(sink)
        """
    }

    private func avroSource(_ port: Int, _ more: String = "a.sources.r.acknowledge = delivered") -> String {
        """
        a.sources.r.type = avro
        a.sources.r.bind = 127.0.0.1
        a.sources.r.port = \(port)
        \(more)
        """
    }

    private func avroSink(_ port: Int, _ more: String = "") -> String {
        """
        a.sinks.k.type = avro
        a.sinks.k.hostname = 127.0.0.1
        a.sinks.k.port = \(port)
        \(more)
        """
    }

    private let feed = "a.sources.r.type = feed\na.sources.r.acknowledge = delivered"
    private let fake = "a.sinks.k.type = fake"

    @Test func fiftyThousandEventsOverThreeAgents() async throws {
        let sink = FakeSink(.later(MultiThreadedEventLoopGroup.singleton, .microseconds(200)), batchSize: 500)
        let (middlePort, lastPort) = (try await freePort(), try await freePort())
        let last = try await TestAgent.start(text(from: avroSource(lastPort), to: fake), sink: sink)
        let middle = try await TestAgent.start(text(from: avroSource(middlePort), to: avroSink(lastPort)))
        let first = try await TestAgent.start(text(from: feed, to: avroSink(middlePort)))
        let acknowledged = await withTaskGroup(of: Bool.self) { tasks in
            var next = 0
            var good = 0
            for _ in 0..<32 {
                let range = next..<(next + 100)
                next += 100
                tasks.addTask { await first.send(range) == .acknowledged }
            }
            while let isGood = await tasks.next() {
                if isGood { good += 1 }
                guard next < 50_000 else { continue }
                let range = next..<(next + 100)
                next += 100
                tasks.addTask { await first.send(range) == .acknowledged }
            }
            return good
        }
        #expect(acknowledged == 500)
        let numbers = sink.numbers
        #expect(numbers.count == 50_000)
        #expect(Set(numbers).count == 50_000)
        for agent in [first, middle, last] {
            #expect(agent.service.reasonsNotReady == [])
            let lost = try await agent.stop()
            #expect(lost == 0)
        }
    }

    /// The last agent's sink cannot deliver: the answer comes back through both, and nothing of the batch is kept.
    @Test func aFailureComesBackThroughTheAgents() async throws {
        let isWell = Recorded<Bool>()
        let sink = FakeSink(.atOnce) { _, _ in isWell.all.last == true ? .delivered : .notDelivered(SinkFailure("no")) }
        let port = try await freePort()
        let patience = "a.sources.r.acknowledge = delivered\na.sources.r.acknowledge-timeout = 300"
        let last = try await TestAgent.start(text(from: avroSource(port, patience), to: fake), sink: sink)
        let first = try await TestAgent.start(text(from: "a.sources.r.type = feed\n\(patience)", to: avroSink(port)))
        let answer = await first.send(0..<10)
        guard case .refused(let error) = answer else {
            Issue.record("acknowledged without a delivery")
            return
        }
        #expect(error.code == .channelFull)
        isWell.add(true)
        let isDone = await eventually { await first.send(10..<20) == .acknowledged }
        #expect(isDone)
        #expect(!sink.numbers.contains { $0 < 10 })
        let lost = [try await first.stop(), try await last.stop()]
        #expect(lost == [0, 0])
    }

    @Test func stopDrains() async throws {
        let sink = FakeSink(.later(MultiThreadedEventLoopGroup.singleton, .milliseconds(20)), batchSize: 50, window: 1)
        let agent = try await TestAgent.start(text(from: "a.sources.r.type = feed", to: fake), sink: sink)
        for start in stride(from: 0, to: 1000, by: 100) {
            #expect(await agent.send(start..<(start + 100)) == .acknowledged)
        }
        let lost = try await agent.stop()
        #expect(lost == 0)
        #expect(sink.numbers == Array(0..<1000))
        #expect(agent.service.reasonsNotReady == ["stopping"])
        guard case .refused(let error) = await agent.send(0..<1) else {
            Issue.record("a stopped agent takes nothing")
            return
        }
        #expect(error.code == .channelClosed)
    }

    @Test func whatNoSinkDeliversInTimeIsCounted() async throws {
        let sink = FakeSink(.held, batchSize: 10, window: 2)
        let agent = try await TestAgent.start(
            text(from: "a.sources.r.type = feed", to: fake),
            sink: sink,
            shutdownTimeout: .milliseconds(400)
        )
        #expect(await agent.send(0..<30) == .acknowledged)
        #expect(await eventually { sink.heldCount == 2 })
        let lost = try await agent.stop()
        #expect(lost == 30)
    }

    /// A batch whose sender still waits is no loss: it is answered, and sent again.
    @Test func whatIsNotAcknowledgedIsNoLoss() async throws {
        let agent = try await TestAgent.start(
            text(from: feed, to: fake),
            sink: FakeSink(.held, batchSize: 10, window: 2),
            shutdownTimeout: .milliseconds(400)
        )
        async let answer = agent.send(0..<30)
        let isIn = await eventually { agent.service.counters.contains { $0.kind == .channel && size($0) == 30 } }
        #expect(isIn)
        let lost = try await agent.stop()
        #expect(lost == 0)
        guard case .refused = await answer else {
            Issue.record("acknowledged without a delivery")
            return
        }
    }

    private func size(_ group: CounterGroup) -> Int {
        group.snapshot().first { $0.name == "ChannelSize" }.flatMap { Int($0.value) } ?? -1
    }

    @Test func readiness() async throws {
        let port = try await freePort()
        let service = try TestAgent.make(text(from: feed, to: avroSink(port)))
        #expect(service.reasonsNotReady == ["starting"])
        let agent = try await TestAgent.start(text(from: feed, to: avroSink(port)))
        let isTold = await eventually { agent.service.reasonsNotReady.first?.contains("127.0.0.1:\(port)") == true }
        #expect(isTold)
        let peer = try await TestAgent.start(text(from: avroSource(port), to: fake))
        #expect(await agent.send(0..<10) == .acknowledged)
        #expect(agent.service.reasonsNotReady == [])
        _ = try await agent.stop()
        _ = try await peer.stop()
    }

    // MARK: The machine's troubles

    private func startFailure(_ text: String) async throws -> String {
        let service = try TestAgent.make(text)
        let error = await #expect(throws: ComponentError.self) { try await service.run() }
        #expect(error?.code == .environment)
        #expect(service.reasonsNotReady == ["stopping"])
        return error?.description ?? ""
    }

    @Test func aPortInUse() async throws {
        let taken = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = taken.localAddress?.port ?? 0
        let message = try await startFailure(text(from: avroSource(port), to: fake))
        #expect(
            message.hasPrefix(
                "agent.properties:7:20: environment: `a.sources.r.port`: cannot listen on 127.0.0.1:\(port)"
            )
        )
        #expect(message.lowercased().contains("address already in use"))
        #expect(message.contains("another process has the port"))
        try await taken.close()
    }

    @Test(arguments: [("server.p12", "wrong"), ("missing.p12", "secret"), ("damaged.p12", "secret")])
    func aKeyStoreThatCannotBeRead(name: String, password: String) async throws {
        let path = try Certificates.shared().path(name)
        let keys = """
            a.sources.r.ssl = true
            a.sources.r.keystore = \(path)
            a.sources.r.keystore-password = \(password)
            """
        let message = try await startFailure(text(from: avroSource(try await freePort(), keys), to: fake))
        #expect(message.hasPrefix("agent.properties:9:24: environment: `a.sources.r.keystore`: "))
        #expect(message.contains(path))
    }

    @Test func aTrustStoreOfASinkThatCannotBeRead() async throws {
        let path = try Certificates.shared().path("missing.pem")
        let keys = "a.sinks.k.ssl = true\na.sinks.k.truststore = \(path)"
        let message = try await startFailure(text(from: feed, to: avroSink(1, keys)))
        #expect(message.contains("environment: `a.sinks.k.truststore`: "))
        #expect(message.contains(path))
    }
}
