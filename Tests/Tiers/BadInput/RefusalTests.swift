import Foundation
import TestSupport
import Testing

extension AllTiers.BadInput {
    /// What an agent says, and how it ends, when it must not start.
    @Suite struct RefusalTests {
        struct Row: Sendable, CustomTestStringConvertible {
            let testDescription: String
            var changes: [Int: String] = [:]
            var more: [String] = []
            var options: [String] = []
            var status: Int32 = 2
            /// All must stand in what it says; FILE is the properties file, PORT the port that is free, DIR the folder.
            let says: [String]

            init(
                _ name: String,
                _ changes: [Int: String] = [:],
                more: [String] = [],
                options: [String] = [],
                status: Int32 = 2,
                says: [String]
            ) {
                testDescription = name
                self.changes = changes
                self.more = more
                self.options = options
                self.status = status
                self.says = says
            }
        }

        static let group = [
            "a1.sinks.k2.type = null", "a1.sinks.k2.channel = c1", "a1.sinkgroups = g1",
            "a1.sinkgroups.g1.sinks = k1 k2",
            "a1.sinkgroups.g1.processor.type = failover", "a1.sinkgroups.g1.processor.priority.k1 = 5",
            "a1.sinkgroups.g1.processor.priority.k2 = 5",
        ]
        static let tls = [4: "a1.sources.r1.type = avro"]

        static let rows = [
            Row(
                "an unknown type",
                [4: "a1.sources.r1.type = netcut"],
                says: ["FILE:4:22: fault: unknown source type `netcut`; did you mean `netcat`?"]
            ),
            Row(
                "a missing key",
                [6: "# none"],
                says: ["FILE:4:1: fault: `a1.sources.r1.port` is missing; source `r1` needs it"]
            ),
            Row(
                "a missing key beside a mistyped one",
                [6: "a1.sources.r1.prot = PORT"],
                says: [
                    "FILE:4:1: fault: `a1.sources.r1.port` is missing; source `r1` needs it; "
                        + "`a1.sources.r1.prot` looks like it"
                ]
            ),
            Row(
                "a dangling channel",
                [7: "a1.sources.r1.channels = c2"],
                says: [
                    "FILE:7:26: fault: source `r1` names channel `c2`, which is not in `a1.channels`; did you mean `c1`?"
                ]
            ),
            Row(
                "a transaction above the capacity",
                more: ["a1.channels.c1.capacity = 100", "a1.channels.c1.transactionCapacity = 200"],
                says: [
                    "FILE:12:38: fault: `a1.channels.c1.transactionCapacity` is 200, above capacity 100; "
                        + "set `a1.channels.c1.capacity` to 200 or more"
                ]
            ),
            Row(
                "two failover members with one priority",
                [3: "a1.sinks = k1 k2"],
                more: group,
                says: [
                    "FILE:17:42: fault: sinks `k1` and `k2` of failover group `g1` have the same priority 5; "
                        + "give each its own; the higher goes first"
                ]
            ),
            Row(
                "a key store that is not there",
                tls,
                more: [
                    "a1.sources.r1.ssl = true", "a1.sources.r1.keystore = DIR/none.p12",
                    "a1.sources.r1.keystore-password = secret", "a1.sources.r1.keystore-type = PKCS12",
                ],
                status: 3,
                says: [
                    "FILE:12:26: environment: `a1.sources.r1.keystore`: ", "DIR/none.p12", "No such file or directory",
                ]
            ),
            Row(
                "a key store with another password",
                tls,
                more: [
                    "a1.sources.r1.ssl = true", "a1.sources.r1.keystore = STORE",
                    "a1.sources.r1.keystore-password = secrets", "a1.sources.r1.keystore-type = PKCS12",
                ],
                status: 3,
                says: ["FILE:12:26: environment: `a1.sources.r1.keystore`: ", "STORE", "password"]
            ),
            Row(
                "an agent that the file does not have",
                options: ["-n", "a2"],
                says: ["FILE:1:1: fault: no agent is named `a2`; did you mean `a1`?"]
            ),
            Row(
                "somebody's Java class",
                [9: "a1.sinks.k1.type = com.example.flume.MongoSink"],
                says: [
                    "FILE:9:20: fault: `com.example.flume.MongoSink` is a Java class; Tributary cannot load it; "
                        + "write it in Swift as Examples/CustomSink shows, or forward to an `avro` or Kafka sink"
                ]
            ),
            Row(
                "a comma in a list",
                [3: "a1.sinks = k1,k2"],
                more: Array(group.prefix(2)),
                says: [
                    "FILE:3:12: fault: `k1,k2` is taken as one sink name: a comma separates nothing; write `k1 k2`"
                ]
            ),
            Row(
                "two file channels with one directory",
                [
                    2: "a1.channels = c1 c2", 7: "a1.sources.r1.channels = c1 c2", 8: "a1.channels.c1.type = file",
                ],
                more: [
                    "a1.channels.c1.checkpointDir = DIR/c1", "a1.channels.c1.dataDirs = DIR/d1,DIR/d2",
                    "a1.channels.c2.type = file", "a1.channels.c2.checkpointDir = DIR/c2",
                    "a1.channels.c2.dataDirs = DIR/d2/",
                ],
                says: [
                    "FILE:15:27: fault: `a1.channels.c2.dataDirs`: the directory DIR/d2/ is that of channel `c1`; "
                        + "give each channel a checkpointDir and dataDirs of its own"
                ]
            ),
            Row(
                "nothing that could run",
                [4: "a1.sources.r1.type = netcut", 9: "a1.sinks.k1.type = nul"],
                options: ["--lenient"],
                says: [
                    "FILE:4:22: fault: unknown source type `netcut`; did you mean `netcat`?",
                    "FILE:9:20: fault: unknown sink type `nul`; did you mean `null`?",
                ]
            ),
        ]

        @Test(arguments: rows) func saysWhatWhereAndWhatToDo(_ row: Row) async throws {
            try await Workspace.use { space in
                let port = try FreePort.any()
                let store = try Certificates.shared().path("server.p12")
                func filled(_ text: String) -> String {
                    text.replacing("FILE", with: space.path("a1.properties")).replacing("PORT", with: "\(port)")
                        .replacing("STORE", with: store).replacing("DIR", with: space.folder)
                }
                let text = SmallAgent.text(port: port, row.changes, more: row.more)
                let agent = try space.agent("a1", filled(text), options: row.options).program
                #expect(try await agent.end(within: 20) == .exited(row.status))
                for part in row.says { #expect(agent.errors.contains(filled(part)), "\(agent.errors)") }
                // Once: on a screen the log is enough.
                #expect(agent.errorLines(filled(row.says[0])).count == 1, "\(agent.errors)")
            }
        }

        @Test func portInUse() async throws {
            try await Workspace.use { space in
                let first = try await SilentListener.start()
                let agent = try space.agent("a1", SmallAgent.text(port: first.port)).program
                #expect(try await agent.end(within: 20) == .exited(3))
                let message =
                    "\(space.path("a1.properties")):6:22: environment: `a1.sources.r1.port`: "
                    + "cannot listen on 127.0.0.1:\(first.port): Address already in use; another process has the port"
                #expect(agent.errorLines(message).count == 1, "\(agent.errors)")
                try await first.close()
            }
        }

        private static func fileChannel(port: Int, _ space: Workspace) -> String {
            SmallAgent.text(
                port: port,
                [8: "a1.channels.c1.type = file"],
                more: [
                    "a1.channels.c1.checkpointDir = \(space.folder)/checkpoint",
                    "a1.channels.c1.dataDirs = \(space.folder)/data", "a1.channels.c1.minimumRequiredSpace = 1048576",
                ]
            )
        }

        @Test func directoryInUse() async throws {
            try await Workspace.use { space in
                let first = try space.agent("a1", Self.fileChannel(port: FreePort.any(), space))
                try await first.ready()
                let second = try space.agent("a1", Self.fileChannel(port: FreePort.any(), space)).program
                #expect(try await second.end(within: 20) == .exited(3))
                let message =
                    "\(space.path("a1.properties")):11:32: environment: `a1.channels.c1.checkpointDir`: the directory "
                    + "\(space.folder)/checkpoint is in use by channel c1 of agent a1; give channel c1 of agent a1 "
                    + "directories of its own, or stop the other"
                #expect(second.errorLines(message).count == 1, "\(second.errors)")
                #expect(try await first.program.terminate() == .exited(0))
            }
        }

        @Test func whatDeliveredMeansForAFileChannelIsTold() async throws {
            try await Workspace.use { space in
                let text = try Self.fileChannel(port: FreePort.any(), space)
                    .replacing("a1.sources.r1.type = netcat", with: "a1.sources.r1.type = avro")
                let agent = try space.agent("a1", text + "a1.sources.r1.acknowledge = delivered\n")
                try await agent.ready()
                let message =
                    ":14:29: note: `a1.sources.r1.acknowledge`: channel `c1` keeps events for good; its part of a delivery is "
                    + "done when they are stored"
                #expect(agent.program.errorLines(message).count == 1, "\(agent.program.errors)")
                #expect(try await agent.program.terminate() == .exited(0))
            }
        }

        @Test func directoryOfAJavaFlume() async throws {
            try await Workspace.use { space in
                _ = try space.makeFolder("data")
                for name in ["log-1", "log-1.meta"] { try space.write("data/\(name)", "events") }
                let agent = try space.agent("a1", Self.fileChannel(port: FreePort.any(), space)).program
                #expect(try await agent.end(within: 20) == .exited(3))
                let message =
                    ":12:27: environment: `a1.channels.c1.dataDirs`: \(space.folder)/data holds a Java Flume's"
                #expect(agent.errorLines(message).count == 1, "\(agent.errors)")
                #expect(space.files("data") == [space.path("data/log-1"), space.path("data/log-1.meta")])
                #expect(space.files("checkpoint") == [])
            }
        }

        @Test func otherWaysToAConfiguration() async throws {
            try await Workspace.use { space in
                let table: [(name: String, options: [String], says: String)] = [
                    ("none", [], "fault: no configuration is given; use -f FILE"),
                    (
                        "zookeeper", ["-z", "h:2181", "-p", "/f"],
                        "fault: -z: Tributary reads no configuration from ZooKeeper"
                    ),
                    (
                        "http", ["-u", "http://h/f"],
                        "fault: -u: `http://h/f` is not a `file:` URI, the only kind that is read"
                    ),
                    ("class", ["--conf-provider", "a.B"], "fault: --conf-provider: `a.B` is a Java class"),
                    (
                        "file", ["-u", "file:///none", "-i", "30"],
                        "fault: `/none` cannot be opened: No such file or directory"
                    ),
                ]
                for (name, options, says) in table {
                    let agent = try space.start(name, Tools.tributary, ["agent", "-n", "a1"] + options)
                    #expect(try await agent.end(within: 20) == .exited(2), "\(name)")
                    #expect(agent.errors.contains(says), "\(name): \(agent.errors)")
                }
            }
        }

        @Test func noSuchFile() async throws {
            try await Workspace.use { space in
                let path = space.path("none.properties")
                let agent = try space.start("a1", Tools.tributary, ["agent", "-n", "a1", "-f", path])
                #expect(try await agent.end(within: 20) == .exited(2))
                #expect(agent.errors.contains("fault: `\(path)` cannot be opened: No such file or directory"))
            }
        }
    }
}
