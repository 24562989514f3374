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
                try await Topic.makeNamed("flume_test", bootstrap, space)
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

        /// The guide's file that reads a topic into the logger sink, with its batch size above the transaction capacity.
        @Test func topicReachesTheLog() async throws {
            let bootstrap = try Broker.shared.get()
            try await Workspace.use { space in
                let word = Self.word()
                let bodies = (0..<120).map { "\(word) \($0)" }
                try await Topic.makeNamed("flume_test", bootstrap, space)
                try await Topic.write(bodies, to: "flume_test", bootstrap, space)
                let agent = try sample("flume-kafka-source", "agentckafka", bootstrap, space)
                try await Waiting.until("its 120 events are logged", within: 30, details: space.text("logs/flume.log"))
                {
                    Self.logged(space, word).count >= 120
                }
                #expect(Self.logged(space, word).sorted() == bodies.sorted())
                #expect(try await agent.terminate() == .exited(0), "\(space.text("logs/flume.log").suffix(2000))")
                // What was logged was committed.
                let again = try sample("flume-kafka-source", "agentckafka", bootstrap, space)
                try await Waiting.until("it runs again", within: 20) {
                    space.text("logs/flume.log").components(separatedBy: "partitions assigned").count == 3
                }
                try await Topic.write(["\(word) last"], to: "flume_test", bootstrap, space)
                try await Waiting.until("the last is logged", within: 30) {
                    Self.logged(space, word).last == "\(word) last"
                }
                #expect(Self.logged(space, word).count == 121)
                #expect(try await again.terminate() == .exited(0))
            }
        }

        /// Two topics, by class name, from their ends.
        @Test func twoTopicsReachTheLog() async throws {
            let bootstrap = try Broker.shared.get()
            try await Workspace.use { space in
                let (old, word) = (Self.word(), Self.word())
                for topic in ["test1", "test2"] {
                    try await Topic.makeNamed(topic, bootstrap, space)
                    try await Topic.write(["\(old) before"], to: topic, bootstrap, space)
                }
                let agent = try sample("kafka-source", "tier1", bootstrap, space)
                try await Waiting.until("it has its partitions", within: 30, details: space.text("logs/flume.log")) {
                    space.text("logs/flume.log").contains("partitions assigned")
                }
                // Where a partition ends is asked for after it was assigned.
                try await Task.sleep(for: .seconds(1))
                let bodies = (0..<150).map { "\(word) \($0)" }
                try await Topic.write(Array(bodies[..<70]), to: "test1", bootstrap, space)
                try await Topic.write(Array(bodies[70...]), to: "test2", bootstrap, space)
                try await Waiting.until("its 150 events are logged", within: 30, details: space.text("logs/flume.log"))
                {
                    Self.logged(space, word).count >= 150
                }
                #expect(Self.logged(space, word).sorted() == bodies.sorted())
                // Where the group has been before, it goes on from there.
                #expect(Broker.namedCluster != nil || Self.logged(space, old).isEmpty)
                let log = space.text("logs/flume.log")
                #expect(log.contains("topic=test1") && log.contains("topic=test2"))
                #expect(try await agent.terminate() == .exited(0))
            }
        }

        /// Starts a sample, in which only the broker's address is another.
        private func sample(
            _ file: String,
            _ agent: String,
            _ bootstrap: String,
            _ space: Workspace
        ) throws -> Program {
            let text = try String(
                contentsOfFile: Tools.root + "/Tests/AgentTests/Samples/\(file).properties",
                encoding: .utf8
            )
            try space.write("sample.properties", text.replacing("localhost:9092", with: bootstrap))
            return try space.start(
                "flume-ng",
                Tools.flume,
                ["agent", "-n", agent, "-f", "sample.properties"],
                environment: ["TRIBUTARY_BIN": Tools.tributary]
            )
        }

        /// What a test's own bodies begin with: topics of these names may hold what others wrote. Short, for the log shows
        /// 16 bytes of a body.
        private static func word() -> String { "\(UUID().uuidString.prefix(8))" }

        /// A test's own bodies in the log: `Event: { headers:{…} body: 6C 69 …   line 1 }`.
        private static func logged(_ space: Workspace, _ word: String) -> [String] {
            space.text("logs/flume.log").split(separator: "\n").filter { $0.contains("Event: {") }.compactMap { line in
                guard let body = line.components(separatedBy: " body: ").last else { return nil }
                let bytes = body.split(separator: " ").prefix { $0.count == 2 && Int($0, radix: 16) != nil }
                return String(decoding: bytes.compactMap { UInt8($0, radix: 16) }, as: UTF8.self)
            }.filter { $0.hasPrefix(word) }
        }

        @Test func netcatLinesReachTheTopic() async throws {
            let bootstrap = try Broker.shared.get()
            try await Workspace.use { space in
                let topic = try await Topic.make("netcat", bootstrap, space)
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
