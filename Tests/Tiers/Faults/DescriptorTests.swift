import Foundation
import TestSupport
import Testing

extension AllTiers.Traffic {
    @Suite struct DescriptorTests {
        /// With 64 descriptors an agent takes in and hands on, also while more clients knock than it has descriptors for.
        @Test func sixtyFourDescriptors() async throws {
            try await Workspace.use { space in
                let (port, receiverPort) = try (FreePort.any(), FreePort.any())
                let receiver = try space.start(
                    "receive",
                    try Tools.load("avro-receive"),
                    ["--port", "\(receiverPort)", "--ledger", space.path("ledger")]
                )
                try await receiver.line("\"port\"")
                let file = TierFile.collector(
                    "c1",
                    port: port,
                    acknowledge: "stored",
                    sink: TierFile.avro(receiverPort)
                )
                let agent = try space.agent("c1", file, limits: "ulimit -n 64")
                try await agent.ready()
                let limits = try String(contentsOfFile: "/proc/\(agent.program.id)/limits", encoding: .utf8)
                #expect(limits.contains(/Max open files +64 +64/))
                func load(_ name: String, connections: Int) throws -> Program {
                    try space.start(
                        name,
                        try Tools.load("avro-load"),
                        [
                            "--port", "\(port)", "--events", "5000", "--connections", "\(connections)", "--batch", "50",
                            "--retry", "--ids", name, "--ledger", space.path(name), "--give-up", "10",
                        ]
                    )
                }
                let few = try load("few", connections: 4)
                #expect(try await few.end(within: 30) == .exited(0), "\(few.story)")
                // Those that find no descriptor wait in the backlog; the agent lives, and the others are served.
                let many = try load("many", connections: 100)
                try await many.end(within: 60)
                #expect(agent.program.isRunning, "\(agent.program.story)")
                let after = try load("after", connections: 4)
                #expect(try await after.end(within: 30) == .exited(0), "\(after.story)")
                #expect(try await agent.program.terminate() == .exited(0), "\(agent.program.story)")
                #expect(try await receiver.terminate() == .exited(0))
                let delivered = space.text("ledger").split(separator: "\n").map(String.init)
                for name in ["few", "many", "after"] {
                    let acked = space.text(name).split(separator: "\n").map(String.init)
                    #expect(Tally(issued: acked, delivered: delivered).lost == 0)
                }
            }
        }

        /// Silent connections take every descriptor: accepting pauses without spinning, whoever is connected is served as
        /// before, and when descriptors come back those in the backlog come in.
        @Test func outOfDescriptors() async throws {
            try await Workspace.use { space in
                let port = try FreePort.any()
                let file = TierFile.collector("c1", port: port, acknowledge: "stored", sink: ["type = null"])
                let agent = try space.agent("c1", file, limits: "ulimit -n 64")
                try await agent.ready()
                // 500 events a second for as long as the rest takes.
                let steady = try space.start(
                    "steady",
                    try Tools.load("avro-load"),
                    ["--port", "\(port)", "--seconds", "12", "--rate", "500", "--batch", "50", "--ids", "s"]
                )
                try await Waiting.until("the first events", within: 10, details: agent.program.story) {
                    try await agent.number("SOURCE.in", "EventAcceptedCount") > 0
                }
                let hold = try space.start(
                    "hold",
                    try Tools.load("avro-hold"),
                    ["--port", "\(port)", "--connections", "100", "--mode", "silent"]
                )
                try await hold.line("held", within: 20)
                try await agent.program.line("cannot accept connections", within: 10)
                let cpu = agent.program.cpuSeconds ?? 0
                try await Task.sleep(for: .seconds(3))
                // A loop that tried again and again would take all three seconds of a core.
                #expect((agent.program.cpuSeconds ?? .infinity) - cpu < 0.5)
                #expect(agent.program.errorLines("cannot accept connections").count == 1, "\(agent.program.story)")
                try await hold.terminate()
                let fresh = try space.start(
                    "fresh",
                    try Tools.load("avro-load"),
                    ["--port", "\(port)", "--events", "1000", "--batch", "50", "--ids", "f"]
                )
                #expect(try await fresh.end(within: 20) == .exited(0), "\(fresh.story)")
                #expect(try await steady.end(within: 30) == .exited(0), "\(steady.story)")
                #expect(try await agent.number("SOURCE.in", "AcceptFailedCount") > 0)
                #expect(try await agent.number("SOURCE.in", "ConnectionFailedCount") == 0)
                #expect(try await agent.program.terminate() == .exited(0), "\(agent.program.story)")
            }
        }
    }
}
