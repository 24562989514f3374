import Foundation
import TestSupport
import Testing

extension AllTiers.BadInput {
    /// What is told and does not keep an agent from running.
    @Suite struct LenientTests {
        @Test func unknownKeyIsANote() async throws {
            try await Workspace.use { space in
                let text = SmallAgent.text(port: try FreePort.any(), more: ["a1.sources.r1.max-line-lenght = 100"])
                let agent = try space.agent("a1", text)
                try await agent.ready()
                let note =
                    "\(space.path("a1.properties")):11:1: note: unknown key `a1.sources.r1.max-line-lenght` of netcat "
                    + "source `r1`; did you mean `max-line-length`?"
                #expect(agent.program.errorLines(note).count == 1, "\(agent.program.errors)")
                #expect(try await agent.program.terminate() == .exited(0))
            }
        }

        /// As Flume: the broken sink goes, and the rest takes events in and delivers them.
        @Test func lenientStartDropsTheBrokenPart() async throws {
            try await Workspace.use { space in
                let port = try FreePort.any()
                let broken = ["a1.sinks.k2.type = hdfs2", "a1.sinks.k2.channel = c1"]
                let text = SmallAgent.text(port: port, [3: "a1.sinks = k1 k2"], more: broken)
                let agent = try space.agent("a1", text, under: .flume)
                try await agent.ready()
                let fault =
                    "\(space.path("a1.properties")):11:20: fault: unknown sink type `hdfs2`; did you mean `hdfs`?"
                #expect(agent.program.errorLines(fault).count == 1, "\(agent.program.errors)")
                let log = space.text("logs/flume.log").split(separator: "\n").filter { $0.contains(fault) }
                #expect(log.count == 1 && log.allSatisfy { $0.contains(" ERROR ") }, "\(log)")
                try await LineClient.send(["one", "two"], to: port)
                try await Waiting.until("two events are delivered", within: 10) {
                    try await agent.number("SINK.k1", "EventDrainSuccessCount") == 2
                }
                #expect(try await agent.metrics().components["SINK.k2"] == nil)
                #expect(try await agent.program.terminate() == .exited(0))
            }
        }

        /// `-Xmx` is the memory that channels may use: a fifth of it stays free, and an event that is larger than the rest
        /// is told.
        @Test func heapOptionLimitsChannels() async throws {
            try await Workspace.use { space in
                let port = try FreePort.any()
                let text = SmallAgent.text(port: port, [4: "a1.sources.r1.type = avro"])
                let agent = try space.agent("a1", text, options: ["-Xms10m", "-Xmx1m", "-XX:+UseG1GC"])
                try await agent.ready()
                let load = try space.start(
                    "load",
                    try Tools.load("avro-load"),
                    ["--port", "\(port)", "--events", "100", "--batch", "100", "--body", "10000"]
                )
                #expect(try await load.end(within: 20) == .exited(0))
                #expect(try await agent.number("SOURCE.r1", "OversizedBatchCount") == 1)
                #expect(agent.program.errorLines("batch is larger than a channel's capacity").count == 1)
                #expect(try await agent.program.terminate() == .exited(0))
            }
        }
    }
}
