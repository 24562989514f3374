import Foundation
import TestSupport
import Testing

extension AllTiers.Traffic {
    /// Sample files under `bin/flume-ng`, as they run under Flume.
    @Suite(.disabled(if: Topic.whyNot != nil, "\(Topic.whyNot ?? "")")) struct SampleTests {
        /// The file of Flume's own Kafka guide, but for the broker's address.
        @Test func tailedLinesReachTheTopic() async throws {
            let bootstrap = try Broker.shared.get()
            try await Workspace.use { space in
                let sample = try String(
                    contentsOfFile: Tools.root + "/Tests/AgentTests/Samples/flume-kafka-sink.properties",
                    encoding: .utf8
                )
                try space.write("sample.properties", sample.replacing("localhost:9092", with: bootstrap))
                let agent = try space.start(
                    "flume-ng",
                    Tools.flume,
                    ["agent", "-n", "agentckafka", "-f", "sample.properties"],
                    environment: ["TRIBUTARY_BIN": Tools.tributary]
                )
                try await Waiting.until("the log says that it runs", within: 20, details: agent.story) {
                    space.text("logs/flume.log").contains("agent runs")
                }
                let lines = (0..<50).map { "\(space.folder) line \($0)" }
                try space.append("flume-test", lines.map { $0 + "\n" }.joined())
                var found: [String] = []
                try await Waiting.until("50 lines are in flume_test", within: 20, details: space.text("logs/flume.log"))
                {
                    // Others may write to a topic of this name.
                    found = try await Topic.bodies("flume_test", bootstrap, space).filter { $0.hasPrefix(space.folder) }
                    return found.count >= lines.count
                }
                #expect(found == lines)
                #expect(try await agent.terminate() == .exited(0))
                #expect(agent.errors.contains("agent runs") == false, "the log belongs in its file: \(agent.errors)")
                #expect(space.text("logs/flume.log").contains("stopped"))
            }
        }

        @Test func netcatLinesReachTheTopic() async throws {
            let bootstrap = try Broker.shared.get()
            let topic = Topic.fresh("netcat")
            try await Workspace.use { space in
                let port = try FreePort.any()
                let kafka = [
                    "a1.sinks.k1.type = org.apache.flume.sink.kafka.KafkaSink",
                    "a1.sinks.k1.kafka.bootstrap.servers = \(bootstrap)", "a1.sinks.k1.kafka.topic = \(topic)",
                    "a1.sinks.k1.flumeBatchSize = 20", "a1.sinks.k1.kafka.producer.acks = 1",
                    "a1.sinks.k1.kafka.producer.linger.ms = 1",
                ]
                let agent = try space.agent("a1", SmallAgent.text(port: port, [9: ""], more: kafka))
                try await agent.ready()
                try await LineClient.send(["eins", "zwei", "drei"], to: port)
                try await Waiting.until("three records are acknowledged", within: 20, details: agent.program.story) {
                    try await agent.number("CHANNEL.c1", "EventTakeSuccessCount") == 3
                }
                #expect(try await Topic.bodies(topic, bootstrap, space) == ["eins", "zwei", "drei"])
                #expect(try await agent.program.terminate() == .exited(0))
            }
        }
    }
}
