import Foundation
import TestSupport
import Testing

extension AllTiers.Traffic {
    @Suite(
        .disabled(if: !Broker.canStartOwn, "\(Broker.whyNone ?? "")"),
        .disabled(if: KcatReader.program == nil, "kcat is not installed")
    )
    struct KillTests {
        /// Two edges over mutual TLS, two collectors that acknowledge what Kafka has. The first one is killed under load, with
        /// all in its hands that the edges may give it, and comes back.
        @Test func killedCollectorLosesNothing() async throws {
            let broker = try await offload { try Broker.startOwn() }
            defer { broker.end() }
            let bootstrap = broker.bootstrap
            let tls = try Certificates.shared()
            try await Workspace.use { space in
                let topic = try await Topic.make("kill", bootstrap, space)
                let ports = try [FreePort.any(), FreePort.any()]
                func startCollector(_ index: Int) throws -> AgentProcess {
                    let sink = TierFile.kafka(bootstrap, topic)
                    let file = TierFile.collector(
                        "c\(index)",
                        port: ports[index],
                        acknowledge: "delivered",
                        sink: sink,
                        tls: tls
                    )
                    return try space.agent("c\(index)", file)
                }
                let first = try startCollector(0)
                let second = try startCollector(1)
                for collector in [first, second] { try await collector.ready() }
                let names = ["e1", "e2"]
                var edges: [AgentProcess] = []
                for name in names {
                    try space.write("\(name).log", "")
                    edges.append(
                        try space.agent(name, TierFile.edge(name, file: "\(name).log", ports: ports, tls: tls))
                    )
                }
                for edge in edges { try await edge.ready() }
                let ids = names.map { LineWriter.ids($0, 10_000) }
                async let one: Void = LineWriter.write(ids[0], to: "e1.log", perSecond: 2_500, space)
                async let two: Void = LineWriter.write(ids[1], to: "e2.log", perSecond: 2_500, space)
                try await Waiting.until("the first collector has 5,000 lines", within: 30) {
                    try await first.number("SOURCE.in", "EventAcceptedCount") > 5_000
                }
                // Kafka falls silent, so that the collector fills: 8 calls of 100 lines for each edge.
                broker.pause()
                try await Waiting.until("the first collector holds both windows", within: 10) {
                    try await first.number("CHANNEL.mem", "ChannelSize") == 8 * 100 * 2
                }
                try await first.program.kill()
                broker.resume()
                let killed = ContinuousClock.now
                let before = try await second.number("SOURCE.in", "EventAcceptedCount")
                try await Waiting.until("the second takes over", within: 20) {
                    try await second.number("SOURCE.in", "EventAcceptedCount") > before
                }
                let takeover = killed.duration(to: .now)
                try await Task.sleep(for: .milliseconds(500))
                let again = try startCollector(0)
                try await again.ready()
                _ = try await (one, two)
                var tally = Tally(issued: ids.joined(), delivered: [])
                try await Waiting.until("all lines are in Kafka", within: 40, details: "\(tally)") {
                    for edge in edges where try await edge.number("CHANNEL.mem", "ChannelSize") > 0 { return false }
                    tally = Tally(
                        issued: ids.joined(),
                        delivered: try await Topic.bodies(topic, bootstrap, space)
                    )
                    return tally.lost == 0
                }
                print("measured: killed collector: \(tally); takeover \(takeover)")
                // A break repeats what was unanswered: 8 calls of 100 lines for each edge, once.
                #expect(tally.duplicates <= 8 * 100 * 2)
                #expect(tally.unknown == 0)
                #expect(takeover < .seconds(5))
                // The one of the higher priority has its work back.
                #expect(try await again.number("SOURCE.in", "EventAcceptedCount") > 0)
                for agent in edges + [second, again] {
                    #expect(try await agent.program.terminate() == .exited(0), "\(agent.program.story)")
                }
            }
        }
    }
}
