import Foundation
import TestSupport
import Testing

extension AllTiers.Traffic {
    /// `flume-ng avro-client` against an agent whose file_roll sink shows headers and bodies.
    @Suite struct AvroClientTests {
        struct Agent {
            let agent: AgentProcess
            let port: Int
            let space: Workspace

            /// Events as the serializer writes them, in the order of arrival.
            var events: [String] {
                space.files("out").flatMap { path in
                    ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
                }
            }

            func client(_ arguments: [String], input: String? = nil) async throws -> Program {
                let client = try space.start(
                    "avro-client",
                    Tools.flume,
                    ["avro-client", "-H", "127.0.0.1", "-p", "\(port)"] + arguments,
                    environment: ["TRIBUTARY_BIN": Tools.tributary],
                    input: input
                )
                try await client.end(within: 20)
                return client
            }

            func arrived(_ count: Int) async throws {
                try await Waiting.until("\(count) events are in files", within: 10, details: "\(events)") {
                    events.count >= count
                }
            }
        }

        private func withAgent(_ body: (Agent) async throws -> Void) async throws {
            try await Workspace.use { space in
                let port = try FreePort.any()
                let out = try space.makeFolder("out")
                let sink = [
                    "a1.sinks.k1.type = file_roll", "a1.sinks.k1.sink.directory = \(out)",
                    "a1.sinks.k1.sink.rollInterval = 0", "a1.sinks.k1.sink.serializer = header_and_text",
                ]
                let text = SmallAgent.text(port: port, [4: "a1.sources.r1.type = avro", 9: ""], more: sink)
                let agent = try space.agent("a1", text)
                try await agent.ready()
                try await body(Agent(agent: agent, port: port, space: space))
                #expect(try await agent.program.terminate() == .exited(0))
            }
        }

        @Test func linesOfAFile() async throws {
            try await withAgent { agent in
                let file = try agent.space.write("lines", "one\ntwo\nthree without an end")
                let client = try await agent.client(["-F", file])
                #expect(try await client.end(within: 1) == .exited(0), "\(client.story)")
                try await agent.arrived(3)
                #expect(agent.events == ["{} one", "{} two", "{} three without an end"])
            }
        }

        @Test func standardInputAndHeaders() async throws {
            try await withAgent { agent in
                let input = try agent.space.write("input", "eins\nzwei\n")
                let headers = try agent.space.write("headers", "# of every event\nhost = web1\n")
                let client = try await agent.client(["--headerFile", headers], input: input)
                #expect(try await client.end(within: 1) == .exited(0), "\(client.story)")
                try await agent.arrived(2)
                #expect(agent.events == ["{host=web1} eins", "{host=web1} zwei"])
            }
        }

        @Test func filesOfAFolder() async throws {
            try await withAgent { agent in
                let folder = try agent.space.makeFolder("spool")
                try agent.space.write("spool/a", "a1\na2\n")
                try agent.space.write("spool/b", "b1\n")
                let client = try await agent.client(["--dirname", folder])
                #expect(try await client.end(within: 1) == .exited(0), "\(client.story)")
                try await agent.arrived(3)
                #expect(agent.events.sorted() == ["{} a1", "{} a2", "{} b1"])
                let names = agent.space.files("spool").map { $0.split(separator: "/").last.map(String.init) }
                #expect(names == ["a.COMPLETED", "b.COMPLETED"])
            }
        }

        @Test func nobodyListens() async throws {
            try await Workspace.use { space in
                let file = try space.write("lines", "one\n")
                let port = try FreePort.any()
                let client = try space.start(
                    "avro-client",
                    Tools.tributary,
                    ["avro-client", "-H", "127.0.0.1", "-p", "\(port)", "-F", file]
                )
                #expect(try await client.end(within: 20) == .exited(1))
                #expect(client.errors.contains("127.0.0.1:\(port)"), "\(client.errors)")
            }
        }
    }
}
