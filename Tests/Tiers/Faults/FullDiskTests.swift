import Foundation
import TestSupport
import Testing

extension AllTiers.Traffic {
    /// A file channel on a disk that is really full, under load: who sends is refused, the agent lives, and stores again when
    /// there is room, be it that somebody makes some or that the channel drains.
    @Suite struct FullDiskTests {
        struct Case: Sendable, CustomTestStringConvertible {
            let testDescription: String
            let options: String
            /// Makes the files that take the room away.
            let ballast: String
            let names: [String]
        }

        /// A file channel keeps 1 MiB free, so that what is short is asked about; files are short only when one is made.
        static let cases = [
            Case(
                testDescription: "bytes",
                options: "size=16m",
                ballast: "head -c 8388608 /dev/zero > $disk/ballast",
                names: ["ballast"]
            ),
            Case(
                testDescription: "inodes",
                options: "size=64m,nr_inodes=24",
                ballast: "cd $disk && touch 0 1 2 3 4 5 6 7 && cd /",
                names: (0..<8).map { "\($0)" }
            ),
        ]
        private static let events = 130_000

        private static func file(port: Int, next: Int, disk: String) -> String {
            SmallAgent.text(
                port: port,
                [4: "a1.sources.r1.type = avro", 8: "a1.channels.c1.type = file", 9: "a1.sinks.k1.type = avro"],
                more: [
                    "a1.channels.c1.checkpointDir = \(disk)/checkpoint", "a1.channels.c1.dataDirs = \(disk)/data",
                    "a1.channels.c1.minimumRequiredSpace = 1048576", "a1.channels.c1.maxFileSize = 1048576",
                    "a1.sinks.k1.hostname = 127.0.0.1", "a1.sinks.k1.port = \(next)",
                ]
            )
        }

        /// Until nothing more is stored for want of room; returns how many events are.
        private func full(_ agent: AgentProcess, above least: Int) async throws -> Int {
            var size = 0
            try await Waiting.until("the disk is full", within: 30, details: agent.program.story) {
                size = try await agent.number("CHANNEL.c1", "ChannelSize")
                guard size > least, await isFull(agent) else { return false }
                try await Task.sleep(for: .milliseconds(500))
                return try await agent.number("CHANNEL.c1", "ChannelSize") == size
            }
            return size
        }

        private func isFull(_ agent: AgentProcess) async -> Bool {
            await agent.readiness()?.body.contains("channel c1: no data directory has room") == true
        }

        @Test(.enabled(if: PrivateDisk.refusal == nil, "\(PrivateDisk.refusal ?? "")"), arguments: cases)
        func aFullDisk(_ what: Case) async throws {
            try await Workspace.use { space in
                let (port, receiverPort) = try (FreePort.any(), FreePort.any())
                let disk = PrivateDisk(path: try space.makeFolder("disk"), options: what.options)
                let agent = try space.agent(
                    "a1",
                    Self.file(port: port, next: receiverPort, disk: disk.path),
                    limits: disk.shell(preparing: "disk=\(disk.path) && \(what.ballast)")
                )
                try await agent.started()
                let load = try space.start(
                    "load",
                    try Tools.load("avro-load"),
                    [
                        "--port", "\(port)", "--events", "\(Self.events)", "--batch", "100", "--retry", "--retry-pause",
                        "20", "--give-up", "60", "--ids", "run", "--ledger", space.path("acked"),
                    ]
                )
                let first = try await full(agent, above: 10_000)
                #expect(agent.program.isRunning && load.isRunning)
                #expect(try await agent.number("SOURCE.r1", "EventAcceptedCount") == first)

                // Somebody makes room: it goes on by itself.
                for name in what.names {
                    try FileManager.default.removeItem(atPath: disk.seen(name, of: agent.program))
                }
                let second = try await full(agent, above: first + 10_000)
                #expect(second < Self.events, "the load is too small for this disk")
                #expect(agent.program.isRunning && load.isRunning)

                // The channel drains: what it leaves is written over.
                let receiver = try space.start(
                    "receive",
                    try Tools.load("avro-receive"),
                    ["--port", "\(receiverPort)", "--ledger", space.path("delivered")]
                )
                try await receiver.line("\"port\"")
                #expect(try await load.end(within: 60) == .exited(0), "\(load.story)")
                let report = try LoadReport(load)
                #expect(report["failed_calls"] ?? 0 > 2, "\(report)")
                try await agent.ready()
                try await Waiting.until("all is delivered", within: 30, details: agent.program.story) {
                    try await agent.number("CHANNEL.c1", "ChannelSize") == 0
                }
                #expect(try await agent.number("CHANNEL.c1", "LostEventCount") == 0)
                #expect(try await agent.program.terminate() == .exited(0), "\(agent.program.story)")
                #expect(try await receiver.terminate() == .exited(0))
                let acked = space.text("acked").split(separator: "\n").map(String.init)
                let delivered = space.text("delivered").split(separator: "\n").map(String.init)
                #expect(acked.count == Self.events)
                let tally = Tally(issued: acked, delivered: delivered)
                print("full disk (\(what.testDescription)): stored \(first), then \(second); \(tally); \(report)")
                #expect(tally.lost == 0 && tally.duplicates == 0 && tally.unknown == 0, "\(tally)")
            }
        }
    }
}
