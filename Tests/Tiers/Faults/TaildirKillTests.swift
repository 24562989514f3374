import Foundation
import TestSupport
import Testing

extension AllTiers.Traffic {
    /// An edge that has only memory, whose source moves on when the sink has delivered: it is killed again and again while
    /// its file is written and rotated.
    @Suite struct TaildirKillTests {
        @Test func fourKills() async throws { try await run(4) }

        @Test(.enabled(if: Tools.runsLong, "\(Tools.whyNotLong)"))
        func fiftyKills() async throws { try await run(50) }

        private func run(_ kills: Int) async throws {
            try await Workspace.use { space in
                let logs = try space.makeFolder("logs")
                let output = try space.makeFolder("out")
                let file =
                    [
                        "e.sources = r", "e.channels = c", "e.sinks = k",
                        "e.sources.r.type = TAILDIR", "e.sources.r.channels = c", "e.sources.r.filegroups = g",
                        // As in a properties file: two backslashes are one.
                        "e.sources.r.filegroups.g = \(logs)/app\\\\.log(\\\\.\\\\d+)?",
                        "e.sources.r.positionFile = \(space.folder)/position.json",
                        "e.sources.r.acknowledge = delivered",
                        "e.sources.r.writePosInterval = 100",
                        "e.channels.c.type = memory", "e.channels.c.capacity = 10000",
                        "e.channels.c.transactionCapacity = 1000",
                        "e.sinks.k.type = file_roll", "e.sinks.k.channel = c", "e.sinks.k.sink.directory = \(output)",
                        "e.sinks.k.sink.rollInterval = 0",
                    ].joined(separator: "\n") + "\n"
                var agent = try space.agent("e", file)
                try await agent.ready()
                let rate = 2_000.0
                var ids: [String] = []
                var random = SeededGenerator.announced("taildir kills")
                for round in 0..<kills {
                    let part = LineWriter.ids("k\(round)", 1_000)
                    ids += part
                    async let load: Void = LineWriter.write(part, to: "logs/app.log", perSecond: rate, space)
                    try await Task.sleep(for: .milliseconds(Int.random(in: 50...450, using: &random)))
                    try await agent.program.kill()
                    if round % 2 == 1 {
                        // The line in the middle of which a writer of ours is rotated is whole: it opens the file each time.
                        try FileManager.default.moveItem(atPath: "\(logs)/app.log", toPath: "\(logs)/app.log.\(round)")
                    }
                    agent = try space.agent("e", file)
                    try await load
                    try await agent.ready()
                }
                let issued = Set(ids)
                func delivered() -> [String] {
                    space.files("out").flatMap { path in
                        ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n").map(
                            String.init
                        )
                    }
                }
                try await Waiting.until("every line is delivered", within: 30, details: agent.program.story) {
                    issued.isSubset(of: delivered().map { String($0.prefix { $0 != " " }) })
                }
                let end = try await agent.program.terminate()
                #expect(end == .exited(0))
                let tally = Tally(issued: ids, delivered: delivered())
                print("taildir, \(kills) kills: \(tally)")
                #expect(tally.lost == 0)
                // A kill may tear the line that is being written to the output.
                #expect(tally.unknown <= kills)
                // What was delivered since the positions were last written, and some slack for a slow machine.
                #expect(tally.duplicates <= kills * Int(rate))
            }
        }
    }
}
