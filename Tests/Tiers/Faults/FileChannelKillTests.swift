import Foundation
import TestSupport
import Testing

extension AllTiers.Traffic {
    /// Two agents with file channels, one behind the other; each is killed with events in its hands.
    @Suite struct FileChannelKillTests {
        private static func relay(_ name: String, port: Int, to next: Int, _ space: Workspace) -> String {
            [
                "\(name).sources = r", "\(name).channels = c", "\(name).sinks = k",
                "\(name).sources.r.type = avro", "\(name).sources.r.bind = 127.0.0.1",
                "\(name).sources.r.port = \(port)",
                "\(name).sources.r.channels = c",
                "\(name).channels.c.type = file",
                "\(name).channels.c.checkpointDir = \(space.folder)/\(name)/checkpoint",
                "\(name).channels.c.dataDirs = \(space.folder)/\(name)/data1,\(space.folder)/\(name)/data2",
                "\(name).channels.c.minimumRequiredSpace = 1048576",
                "\(name).sinks.k.type = avro", "\(name).sinks.k.channel = c", "\(name).sinks.k.hostname = 127.0.0.1",
                "\(name).sinks.k.port = \(next)", "\(name).sinks.k.batch-size = 100",
            ].joined(separator: "\n") + "\n"
        }

        @Test func killedAgentsLoseNothing() async throws {
            try await Workspace.use { space in
                let (edgePort, collectorPort, receiverPort) = try (FreePort.any(), FreePort.any(), FreePort.any())
                let receiver = try space.start(
                    "receive",
                    try Tools.load("avro-receive"),
                    ["--port", "\(receiverPort)", "--ledger", space.path("delivered")]
                )
                try await receiver.line("\"port\"")
                func start(_ name: String) throws -> AgentProcess {
                    let (port, next) = name == "e" ? (edgePort, collectorPort) : (collectorPort, receiverPort)
                    return try space.agent(name, Self.relay(name, port: port, to: next, space))
                }
                var edge = try start("e")
                try await edge.started()
                let load = try space.start(
                    "load",
                    try Tools.load("avro-load"),
                    [
                        "--port", "\(edgePort)", "--events", "20000", "--batch", "100", "--rate", "8000", "--retry",
                        "--retry-pause", "50", "--ids", "run", "--ledger", space.path("acked"),
                    ]
                )
                // The collector is away: all is on the edge's disk when it dies.
                try await Waiting.until("the edge has stored some", within: 20, details: edge.program.story) {
                    try await edge.number("CHANNEL.c", "ChannelSize") > 3_000
                }
                try await edge.program.kill()
                edge = try start("e")
                try await edge.started()
                #expect(try await edge.number("CHANNEL.c", "ChannelSize") >= 3_000)
                var collector = try start("c")
                try await collector.ready()
                try await Waiting.until("the collector has work", within: 20, details: collector.program.story) {
                    try await collector.number("SOURCE.r", "EventAcceptedCount") > 4_000
                }
                try await collector.program.kill()
                collector = try start("c")
                try await collector.ready()
                #expect(try await load.end(within: 60) == .exited(0), "\(load.story)")
                let acked = space.text("acked").split(separator: "\n").map(String.init)
                #expect(acked.count == 20_000)
                try await Waiting.until("both have drained", within: 30, details: edge.program.story) {
                    let left = try await (
                        edge.number("CHANNEL.c", "ChannelSize"), collector.number("CHANNEL.c", "ChannelSize")
                    )
                    return left == (0, 0)
                }
                for agent in [edge, collector] {
                    #expect(try await agent.number("CHANNEL.c", "LostEventCount") == 0)
                    #expect(try await agent.program.terminate() == .exited(0), "\(agent.program.story)")
                }
                #expect(try await receiver.terminate() == .exited(0))
                let delivered = space.text("delivered").split(separator: "\n").map(String.init)
                let tally = Tally(issued: acked, delivered: delivered)
                print("measured: killed file channels: \(tally)")
                #expect(tally.lost == 0, "\(tally)")
                // What was in flight when each died: the client's call, a window of 8 calls and a millisecond of the cursor.
                #expect(tally.duplicates <= 4_000, "\(tally)")
                #expect(tally.unknown == 0, "\(tally)")
            }
        }
    }
}
