import Foundation
import TestSupport
import Testing

extension AllTiers.BadInput {
    /// Agents whose peer or broker is away: they run, say so once, and stop when they are told to.
    @Suite struct AwayTests {
        struct Case: Sendable {
            let name: String
            let sink: [String]
            /// All stand in the warning and in what /readyz says.
            let reason: [String]
        }

        static func kafka(_ name: String, _ bootstrap: String) -> Case {
            Case(
                name: name,
                sink: [
                    "a1.sinks.k1.type = org.apache.flume.sink.kafka.KafkaSink",
                    "a1.sinks.k1.kafka.bootstrap.servers = \(bootstrap)", "a1.sinks.k1.kafka.topic = away",
                ],
                reason: ["Kafka at \(bootstrap) cannot be reached"]
            )
        }

        static func avro(_ name: String, _ host: String, _ port: Int, _ reason: String) -> Case {
            Case(
                name: name,
                sink: ["a1.sinks.k1.type = avro", "a1.sinks.k1.hostname = \(host)", "a1.sinks.k1.port = \(port)"],
                reason: ["\(host):\(port)", reason]
            )
        }

        /// All at once, because each takes its ten seconds.
        @Test func runWarnAndStop() async throws {
            let silent = try await SilentListener.start()
            let cases = [
                Self.kafka("a broker that says nothing", "127.0.0.1:\(silent.port)"),
                Self.kafka("a broker without an address", "no-such-broker.invalid:9092"),
                Self.kafka("a broker that is off", "127.0.0.1:\(try FreePort.any())"),
                Self.avro("a collector that is off", "127.0.0.1", try FreePort.any(), "Connection refused"),
                Self.avro("a collector that says nothing", "127.0.0.1", silent.port, "answer"),
                Self.avro("no address", "no-such-collector.invalid", 4545, "the name does not resolve"),
            ]
            try await withThrowingDiscardingTaskGroup { group in
                for one in cases { group.addTask { try await Self.check(one) } }
            }
            try await silent.close()
        }

        private static func check(_ one: Case) async throws {
            try await Workspace.use { space in
                let text = SmallAgent.text(port: try FreePort.any(), [9: ""], more: one.sink)
                let agent = try space.agent("a1", text)
                try await agent.started()
                try await Task.sleep(for: .seconds(10))
                let warnings = agent.program.errorLines("WARN")
                #expect(warnings.count == 1, "\(one.name): \(agent.program.errors)")
                let readiness = try #require(await agent.readiness())
                #expect(readiness.status == 503, "\(one.name)")
                for part in one.reason {
                    #expect(warnings.first?.contains(part) == true, "\(one.name): \(warnings)")
                    #expect(readiness.body.contains(part), "\(one.name): \(readiness.body)")
                }
                let start = ContinuousClock.now
                #expect(try await agent.program.terminate() == .exited(0), "\(one.name): \(agent.program.errors)")
                // The shutdown time of 8 s is for what was taken in, and nothing was.
                #expect(ContinuousClock.now - start < .seconds(5), "\(one.name): \(agent.program.errors)")
            }
        }
    }
}
