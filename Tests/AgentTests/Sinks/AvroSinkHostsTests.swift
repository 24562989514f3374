import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Agent

/// An Avro sink that `client.type` turns into a client of several collectors: whole agents, real sockets.
@Suite(.serialized, .timeLimit(.minutes(2))) struct AvroSinkHostsTests {
    private struct Collector {
        let agent: TestAgent
        let sink: FakeSink
        let port: Int

        static func start(
            port: Int? = nil,
            _ decide: @escaping @Sendable () -> SinkOutcome = { .delivered }
        ) async throws -> Collector {
            let sink = FakeSink(.atOnce) { _, _ in decide() }
            let number = if let port { port } else { try await freePort() }
            let text = """
                a.sources = r
                a.channels = c
                a.sinks = k
                a.sources.r.type = avro
                a.sources.r.bind = 127.0.0.1
                a.sources.r.port = \(number)
                a.sources.r.channels = c
                a.sources.r.acknowledge = delivered
                a.sources.r.acknowledge-timeout = 300
                a.channels.c.type = memory
                a.sinks.k.type = fake
                a.sinks.k.channel = c
                """
            return Collector(agent: try await TestAgent.start(text, sink: sink), sink: sink, port: number)
        }
    }

    private func edge(_ first: Int, _ keys: String...) -> String {
        """
        a.sources = r
        a.channels = c
        a.sinks = k
        a.sources.r.type = feed
        a.sources.r.channels = c
        a.sources.r.acknowledge = delivered
        a.channels.c.type = memory
        a.sinks.k.type = avro
        a.sinks.k.channel = c
        a.sinks.k.hostname = 127.0.0.1
        a.sinks.k.port = \(first)
        """ + keys.map { "\na.sinks.k." + $0 }.joined()
    }

    /// `hostname` and `port` are host `h1`, as Flume's sink gives them.
    @Test func failover() async throws {
        let (one, two) = (try await Collector.start(), try await Collector.start())
        let text = edge(one.port, "client.type = default_failover", "hosts = h1 h2", "hosts.h2 = 127.0.0.1:\(two.port)")
        let edge = try await TestAgent.start(text)
        for number in 0..<10 { #expect(await edge.send(number..<(number + 1)) == .acknowledged) }
        #expect(one.sink.numbers == Array(0..<10))
        #expect(two.sink.numbers == [])
        #expect(try await one.agent.stop() == 0)
        for number in 10..<20 { #expect(await edge.send(number..<(number + 1)) == .acknowledged) }
        #expect(edge.service.reasonsNotReady == [])
        // It stays where it is, also when the first is back.
        let back = try await Collector.start(port: one.port)
        for number in 20..<30 { #expect(await edge.send(number..<(number + 1)) == .acknowledged) }
        #expect(two.sink.numbers == Array(10..<30))
        #expect(back.sink.numbers == [])
        for agent in [edge, two.agent, back.agent] { #expect(try await agent.stop() == 0) }
    }

    /// A collector that cannot deliver answers FAILED: the batch goes on, and nothing of it is lost or doubled.
    @Test func failoverFromACollectorThatRefuses() async throws {
        let one = try await Collector.start { .notDelivered(SinkFailure("no")) }
        let two = try await Collector.start()
        let text = edge(one.port, "client.type = default_failover", "hosts = h1 h2", "hosts.h2 = 127.0.0.1:\(two.port)")
        let edge = try await TestAgent.start(text)
        for number in 0..<10 { #expect(await edge.send(number..<(number + 1)) == .acknowledged) }
        #expect(two.sink.numbers == Array(0..<10))
        for agent in [edge, one.agent, two.agent] { #expect(try await agent.stop() == 0) }
    }

    @Test func loadBalance() async throws {
        let (one, two) = (try await Collector.start(), try await Collector.start())
        let edge = try await TestAgent.start(
            edge(
                one.port,
                "client.type = default_loadbalance",
                "hosts = h1 h2",
                "hosts.h2 = 127.0.0.1:\(two.port)",
                "backoff = true"
            )
        )
        var sent = 0
        for _ in 0..<200 where one.sink.numbers.isEmpty || two.sink.numbers.isEmpty {
            #expect(await edge.send(sent..<(sent + 1)) == .acknowledged)
            sent += 1
        }
        let before = (one.sink.numbers.count, two.sink.numbers.count)
        for _ in 0..<10 {
            #expect(await edge.send(sent..<(sent + 1)) == .acknowledged)
            sent += 1
        }
        #expect(one.sink.numbers.count - before.0 == 5)
        #expect(two.sink.numbers.count - before.1 == 5)
        #expect(try await one.agent.stop() == 0)
        for _ in 0..<20 {
            #expect(await edge.send(sent..<(sent + 1)) == .acknowledged)
            sent += 1
        }
        #expect((one.sink.numbers + two.sink.numbers).sorted() == Array(0..<sent))
        for agent in [edge, two.agent] { #expect(try await agent.stop() == 0) }
    }

    /// All collectors away: events stay; one comes back, and they arrive.
    @Test(arguments: ["default_failover", "default_loadbalance"])
    func allAreAwayAtFirst(type: String) async throws {
        let ports = (try await freePort(), try await freePort())
        let text = edge(ports.0, "client.type = \(type)", "hosts = h1 h2", "hosts.h2 = 127.0.0.1:\(ports.1)")
        let edge = try await TestAgent.start(text)
        let told = await eventually { edge.service.reasonsNotReady.first?.contains("Connection refused") == true }
        #expect(told, "\(edge.service.reasonsNotReady)")
        async let answer = edge.send(0..<10)
        try await Task.sleep(for: .milliseconds(200))
        let two = try await Collector.start(port: ports.1)
        #expect(await answer == .acknowledged)
        #expect(two.sink.numbers == Array(0..<10))
        #expect(edge.service.reasonsNotReady == [])
        for agent in [edge, two.agent] { #expect(try await agent.stop() == 0) }
    }

    /// A new connection every second under traffic: every event once, in order.
    @Test(arguments: ["reset-connection-interval", "max-connection-age"])
    func connectionsAreRenewed(key: String) async throws {
        let one = try await Collector.start()
        let edge = try await TestAgent.start(edge(one.port, "\(key) = 1"))
        let start = ContinuousClock.now
        var sent = 0
        while .now - start < .milliseconds(2500) {
            #expect(await edge.send(sent..<(sent + 5)) == .acknowledged)
            sent += 5
        }
        #expect(one.sink.numbers == Array(0..<sent))
        for agent in [edge, one.agent] { #expect(try await agent.stop() == 0) }
    }

    @Test(arguments: [
        (["client.type = thrift"], "a.sinks.k.client.type"),
        (["client.type = default_loadbalance"], "a.sinks.k.hosts"),
        (
            ["client.type = default_loadbalance", "hosts = h1 h2", "hosts.h2 = b:1", "maxBackoff = 9"],
            "a.sinks.k.maxBackoff"
        ),
        (["client.type = default_failover", "hosts = h1 h2", "hosts.h2 = b"], "a.sinks.k.hosts.h2"),
        (["client.type = default_failover", "max-attempts = many"], "a.sinks.k.max-attempts"),
    ])
    func faults(keys: [String], key: String) async throws {
        var text = edge(1)
        for key in keys { text += "\na.sinks.k." + key }
        let refused = #expect(throws: TestAgent.Refused.self) { try TestAgent.make(text) }
        #expect(refused?.description.contains("`\(key)`: ") == true, "\(refused?.description ?? "")")
        #expect(refused?.description.hasPrefix("agent.properties:") == true)
    }
}
