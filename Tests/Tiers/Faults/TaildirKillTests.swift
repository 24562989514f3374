import Foundation
import TestSupport
import Testing

extension AllTiers.Traffic {
    /// An edge that has only memory, whose source moves on when the sink has delivered: it is killed again and again while
    /// its file is written and rotated.
    @Suite struct TaildirKillTests {
        enum Rotation: CaseIterable {
            /// While the agent is dead.
            case renamed
            /// Copied and emptied within milliseconds of the kill; the copies' names match, or do not.
            case copied, copiedAside
            /// The same with the rotated file compressed at once.
            case renamedCompressed, copiedCompressed

            var isRenamed: Bool { self == .renamed || self == .renamedCompressed }
            var isCompressed: Bool { self == .renamedCompressed || self == .copiedCompressed }
            var pattern: String { self == .renamed || self == .copied ? #"app\\.log(\\.\\d+)?"# : #"app\\.log"# }
        }

        @Test(arguments: Rotation.allCases)
        func fourKills(rotation: Rotation) async throws { try await run(4, rotation) }

        @Test(.enabled(if: Tools.runsLong, "\(Tools.whyNotLong)"), arguments: Rotation.allCases)
        func fiftyKills(rotation: Rotation) async throws { try await run(50, rotation) }

        private func run(_ kills: Int, _ rotation: Rotation) async throws {
            try await Workspace.use { space in
                let logs = try space.makeFolder("logs")
                let output = try space.makeFolder("out")
                let file =
                    [
                        "e.sources = r", "e.channels = c", "e.sinks = k",
                        "e.sources.r.type = TAILDIR", "e.sources.r.channels = c", "e.sources.r.filegroups = g",
                        // As in a properties file: two backslashes are one.
                        "e.sources.r.filegroups.g = \(logs)/\(rotation.pattern)",
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
                    let isDue = round % 2 == 1
                    if isDue, !rotation.isRenamed {
                        // What nothing is known of is not known in its copy either.
                        try await Waiting.until("some of it is delivered", within: 20, details: agent.program.story) {
                            isBegun("\(logs)/app.log", space)
                        }
                        try FileManager.default.copyItem(atPath: "\(logs)/app.log", toPath: "\(logs)/app.log.\(round)")
                        try #require(truncate("\(logs)/app.log", 0) == 0)
                        if rotation.isCompressed { try compress("\(logs)/app.log.\(round)") }
                        try await Task.sleep(for: .microseconds(Int.random(in: 0...30_000, using: &random)))
                    }
                    try await agent.program.kill()
                    if isDue, rotation.isRenamed {
                        // The line in the middle of which a writer of ours is rotated is whole: it opens the file each time.
                        try FileManager.default.moveItem(atPath: "\(logs)/app.log", toPath: "\(logs)/app.log.\(round)")
                        if rotation.isCompressed { try compress("\(logs)/app.log.\(round)") }
                    }
                    agent = try space.agent("e", file)
                    try await load
                    try await agent.ready()
                }
                // Between the copy and the truncation lines are lost by the rotation itself.
                let present = Set(space.files("logs").flatMap { lines($0) }.map { String($0.prefix { $0 != " " }) })
                if rotation.isRenamed { #expect(present.count == ids.count) }
                func delivered() -> [String] {
                    space.files("out").flatMap { lines($0) }
                }
                try await Waiting.until("every line is delivered", within: 30, details: agent.program.story) {
                    present.isSubset(of: delivered().map { String($0.prefix { $0 != " " }) })
                }
                let end = try await agent.program.terminate()
                #expect(end == .exited(0))
                let tally = Tally(issued: ids, delivered: delivered() + Set(ids).subtracting(present))
                let gap = ids.count - present.count
                print("measured: taildir, \(rotation), \(kills) kills: \(tally), \(gap) in no file")
                #expect(tally.lost == 0)
                // A kill may tear the line that is being written to the output.
                #expect(tally.unknown <= kills)
                // What was delivered since the positions were last written, and some slack for a slow machine.
                #expect(tally.duplicates <= kills * Int(rate))
            }
        }

        private func lines(_ path: String) -> [String] {
            guard !path.hasSuffix(".gz") else { return unpacked(path) }
            return ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
        }

        private func compress(_ path: String) throws { _ = try gzip(["-f", path]) }

        private func unpacked(_ path: String) -> [String] {
            let text = (try? gzip(["-cd", path])) ?? ""
            return text.split(separator: "\n").map(String.init)
        }

        private func gzip(_ arguments: [String]) throws -> String {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try #require(Tools.find("gzip")))
            process.arguments = arguments
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            let data = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0)
            return String(decoding: data, as: UTF8.self)
        }

        /// Whether the position file knows a place in what the file holds now.
        private func isBegun(_ path: String, _ space: Workspace) -> Bool {
            struct Position: Decodable {
                let file: String
                let pos: UInt64
            }
            let positions = try? JSONDecoder().decode([Position].self, from: Data(space.text("position.json").utf8))
            let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64) ?? 0
            return positions?.contains { $0.file == path && $0.pos > 0 && $0.pos <= size } ?? false
        }
    }
}
