import Events
import Foundation
import NIOCore
import TestSupport
import Testing

extension AllTiers.Traffic {
    /// `tributary journal` on what a real agent's file channel left.
    @Suite struct JournalCommandTests {
        /// Three batches of four events; a batch is a frame.
        static let batches = (0..<3).map { batch in
            (0..<4).map { Event(headers: ["batch": "\(batch)"], body: "event \(batch)-\($0)") }
        }
        static let bodies = batches.joined().map { String(buffer: $0.body) }

        private struct Line: Decodable {
            let sequence: Int
            let headers: [String: String]
            let body: String?
        }

        private func lines(_ program: Program) throws -> [Line] {
            try program.output.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        }

        private func object(_ program: Program) throws -> NSDictionary {
            try #require(try JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? NSDictionary)
        }

        @Test func whatARealRunLeaves() async throws {
            try await Workspace.use { space in
                let queue = try await StoredQueue.fill(space, Self.batches)
                let before = try queue.contents()
                #expect(before.count > 3)
                // By directories and by the agent's file.
                for place in [queue.directories, queue.byFile, queue.byFile + ["--channel", "c1"]] {
                    let list = try await queue.journal(["ls"] + place)
                    #expect(list.end == .exited(0), "\(list.program.story)")
                    #expect(list.program.output.contains("1 segments, 12 events pending"), "\(list.program.output)")
                    #expect(list.program.output.contains(try queue.segment().path))
                    let check = try await queue.journal(["verify"] + place)
                    #expect(check.end == .exited(0), "\(check.program.story)")
                    #expect(
                        check.program.output
                            == "3 frames with 12 events are sound; 0 places damaged, 0 events lost\n"
                    )
                    let export = try await queue.journal(["export"] + place)
                    #expect(export.end == .exited(0), "\(export.program.story)")
                    let lines = try lines(export.program)
                    #expect(lines.map(\.sequence) == Array(0..<12))
                    #expect(lines.map(\.body) == Self.bodies)
                    #expect(lines.map { $0.headers["batch"] } == (0..<12).map { "\($0 / 4)" })
                }
                let json = try await queue.journal(["ls", "--json"] + queue.directories)
                #expect(try object(json.program)["pending"] as? Int == 12)
                #expect(try queue.contents() == before)
                let repair = try await queue.journal(["repair"] + queue.directories)
                #expect(repair.program.output == "0 places repaired, 0 events taken away\n")
                let isKept = { (path: String, _: Data) in !path.hasSuffix("/LOCK") }
                #expect(try queue.contents().filter(isKept) == before.filter(isKept), "but for who locked it last")
            }
        }

        @Test func aFlippedBit() async throws {
            try await Workspace.use { space in
                let queue = try await StoredQueue.fill(space, Self.batches)
                let (path, offset) = try queue.damage("event 1-2")
                let told = "\(path):\(offset): the payload does not fit its checksum (4 events lost)"
                let rest = Self.bodies.filter { !$0.hasPrefix("event 1-") }

                let check = try await queue.journal(["verify"] + queue.directories)
                #expect(check.end == .exited(1))
                #expect(
                    check.program.output == told + "\n"
                        + "2 frames with 8 events are sound; 1 places damaged, 4 events lost\n"
                )
                let json = try await queue.journal(["verify", "--json"] + queue.directories)
                #expect(json.end == .exited(1))
                let damages = try object(json.program)["damages"] as? [[String: Any]]
                #expect(damages?.count == 1)
                #expect(damages?.first?["path"] as? String == path)
                #expect(damages?.first?["offset"] as? Int == offset)
                #expect(damages?.first?["items"] as? Int == 4)
                let export = try await queue.journal(["export"] + queue.directories)
                #expect(export.end == .exited(1))
                #expect(export.program.errors.contains(told), "\(export.program.errors)")
                #expect(try lines(export.program).map(\.body) == rest)

                let frame = try queue.segment().bytes[offset...]
                let repair = try await queue.journal(["repair"] + queue.directories)
                #expect(repair.end == .exited(0), "\(repair.program.story)")
                #expect(repair.program.output == told + "\n1 places repaired, 4 events taken away\n")
                let kept = space.files("checkpoint/quarantine")
                #expect(kept.count == 1)
                let copy = [UInt8](try Data(contentsOf: URL(fileURLWithPath: try #require(kept.first))))
                #expect(copy.count > 40 && frame.starts(with: copy), "the frame as it stood")

                let again = try await queue.journal(["verify"] + queue.directories)
                #expect(again.end == .exited(0), "\(again.program.story)")
                let exported = try await queue.journal(["export"] + queue.directories)
                #expect(exported.end == .exited(0), "\(exported.program.story)")
                #expect(try lines(exported.program).map(\.body) == rest)
                try await deliver(queue, rest.count)
            }
        }

        /// An agent goes on with what is there.
        private func deliver(_ queue: StoredQueue, _ count: Int) async throws {
            let receiver = try queue.space.start(
                "receive",
                try Tools.load("avro-receive"),
                ["--port", "\(queue.sinkPort)"]
            )
            try await receiver.line("\"port\"")
            let agent = try queue.space.agent("a1", queue.space.text("a1.properties"))
            try await agent.ready()
            try await Waiting.until("all is delivered", within: 10, details: agent.program.story) {
                try await agent.number("CHANNEL.c1", "ChannelSize") == 0
            }
            #expect(try await agent.number("SINK.k1", "EventDrainSuccessCount") == count)
            #expect(try await agent.number("CHANNEL.c1", "LostEventCount") == 0)
            #expect(try await agent.program.terminate() == .exited(0), "\(agent.program.story)")
            let list = try await queue.journal(["ls"] + queue.directories)
            #expect(list.program.output.contains(" 0 events pending"), "\(list.program.output)")
        }

        @Test func encryptedEvents() async throws {
            try await Workspace.use { space in
                let key = URL(fileURLWithPath: space.path("secret.key"))
                try Data((0..<32).map { UInt8($0) }).write(to: key)
                let queue = try await StoredQueue.fill(
                    space,
                    Self.batches,
                    keys: [
                        "encryption.keyProvider = RAWFILE", "encryption.cipherProvider = AESCTRNOPADDING",
                        "encryption.activeKey = k", "encryption.keyProvider.keys = k",
                        "encryption.keyProvider.keys.k.file = \(key.path)",
                    ]
                )
                let segment = try queue.segment()
                #expect(Data(segment.bytes).range(of: Data("event".utf8)) == nil)

                // Without the key: all is counted and checked, and nothing shown.
                let list = try await queue.journal(["ls"] + queue.directories)
                #expect(list.program.output.contains("yes  \(segment.path)"), "\(list.program.output)")
                for place in [queue.directories, queue.byFile] {
                    let check = try await queue.journal(["verify"] + place)
                    #expect(check.end == .exited(0), "\(check.program.story)")
                    #expect(check.program.output.hasPrefix("3 frames with 12 events are sound"))
                }
                for format in ["json", "avro"] {
                    let refused = try await queue.journal(["export", "--format", format] + queue.directories)
                    #expect(refused.end == .exited(2))
                    #expect(refused.program.output == "")
                    #expect(
                        refused.program.errors.contains(
                            "\(segment.path):8192: the events are encrypted; -f FILE -n AGENT names the agent"
                        ),
                        "\(refused.program.errors)"
                    )
                }
                // With it.
                let export = try await queue.journal(["export"] + queue.byFile)
                #expect(export.end == .exited(0), "\(export.program.story)")
                #expect(try lines(export.program).map(\.body) == Self.bodies)
                let container = try await queue.journal(["export", "--format", "avro"] + queue.byFile)
                #expect(container.end == .exited(0), "\(container.program.story)")
                #expect(try AvroContainerReader.events(of: container.path) == Array(Self.batches.joined()))

                // With another key under its name, and with none.
                try Data(repeating: 7, count: 32).write(to: key)
                for command in ["verify", "export"] {
                    let wrong = try await queue.journal([command] + queue.byFile)
                    #expect(wrong.end == .exited(2))
                    #expect(wrong.program.output == "")
                    #expect(
                        wrong.program.errors.contains("encrypted with another key than what `k` is now"),
                        "\(wrong.program.errors)"
                    )
                }
                try FileManager.default.removeItem(at: key)
                let none = try await queue.journal(["export"] + queue.byFile)
                #expect(none.end == .exited(2))
                let missing = "`a1.channels.c1.encryption.keyProvider.keys.k.file`: `\(key.path)` cannot be opened"
                #expect(none.program.errors.contains(missing), "\(none.program.errors)")
                // Repairing shows nothing, and needs none.
                let repair = try await queue.journal(["repair"] + queue.byFile)
                #expect(repair.end == .exited(0), "\(repair.program.story)")
            }
        }

        static let wrongPlaces: [(words: [String], told: String)] = [
            (["-n", "a2"], "no agent is named `a2`; did you mean `a1`?"),
            (
                ["-n", "a1", "--channel", "c9"],
                "agent `a1` has no channel `c9` that keeps events on disk; those that do are `c1`"
            ),
            ([], "-f needs -n"), (["-n", "a1", "DIR", "DIR"], "give -f or directories"),
        ]

        @Test func placesThatAreNone() async throws {
            try await Workspace.use { space in
                let queue = try await StoredQueue.fill(space, [])
                for (words, told) in Self.wrongPlaces {
                    let list = try await queue.journal(["ls", "-f", queue.file] + words)
                    #expect(list.end != .exited(0))
                    #expect(list.program.errors.contains(told), "\(list.program.errors)")
                }
            }
        }

        /// The text in the lock is the last agent's; it is the reader that keeps the next one from starting.
        @Test func whoReadsIsNamed() async throws {
            try await Workspace.use { space in
                let event = Event(body: ByteBuffer(repeating: UInt8(ascii: "x"), count: 100_000))
                let queue = try await StoredQueue.fill(space, Array(repeating: [event], count: 10))
                // A pipe that nobody empties holds the reader up.
                let pipe = space.path("pipe")
                #expect(mkfifo(pipe, 0o600) == 0)
                let end = try #require(FileHandle(forUpdatingAtPath: pipe))
                defer { try? end.close() }
                let reader = try space.start(
                    "reader",
                    "/bin/sh",
                    ["-c", "exec \"$0\" \"$@\" > \(pipe)", Tools.tributary, "journal", "export"] + queue.directories
                )
                let lock = queue.checkpoint + "/LOCK"
                try await Waiting.until("the reader has the lock", within: 10, details: reader.story) {
                    let file = open(lock, O_RDONLY | O_CLOEXEC)
                    defer { close(file) }
                    return flock(file, LOCK_EX | LOCK_NB) != 0
                }
                let agent = try space.agent("a1", space.text("a1.properties"))
                #expect(try await agent.program.end(within: 20) == .exited(3))
                let told =
                    "the directory \(queue.checkpoint) is in use by `tributary journal` (process \(reader.id)), which "
                    + "reads it"
                #expect(agent.program.errors.contains(told), "\(agent.program.errors)")
                let repair = try await queue.journal(["repair"] + queue.directories)
                #expect(repair.end == .exited(2))
                #expect(repair.program.errors.contains(told), "\(repair.program.errors)")
                // Readers do not keep each other out.
                let list = try await queue.journal(["ls"] + queue.directories)
                #expect(list.end == .exited(0), "\(list.program.story)")
                try await reader.kill()
                let after = try await queue.journal(["repair"] + queue.directories)
                #expect(after.end == .exited(0), "\(after.program.story)")
            }
        }

        @Test func aRunningAgentIsNamed() async throws {
            try await Workspace.use { space in
                let queue = try await StoredQueue.fill(space, [])
                let agent = try space.agent("a1", space.text("a1.properties"))
                try await agent.started()
                for command in ["ls", "verify", "repair", "export"] {
                    let refused = try await queue.journal([command] + queue.directories)
                    #expect(refused.end == .exited(2))
                    #expect(
                        refused.program.errors.contains("\(queue.checkpoint) is in use by channel c1 of agent a1"),
                        "\(refused.program.errors)"
                    )
                }
                #expect(try await agent.program.terminate() == .exited(0), "\(agent.program.story)")
            }
        }
    }
}
