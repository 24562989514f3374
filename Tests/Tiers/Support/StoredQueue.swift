import AvroRPC
import Events
import Foundation
import TestSupport

/// The directories of a file channel as a real agent leaves them, and the command that looks at them.
struct StoredQueue {
    let space: Workspace
    let file: String
    /// Nobody listens there, unless a test makes somebody.
    let sinkPort: Int

    var checkpoint: String { space.path("checkpoint") }
    var data: String { space.path("data") }
    var directories: [String] { [checkpoint, data] }
    /// Names the channel by the agent's file.
    var byFile: [String] { ["-f", file, "-n", "a1"] }

    /// Runs an agent that stores the batches and delivers nothing.
    ///
    /// - Parameter keys: more keys of its file channel `c1`.
    static func fill(_ space: Workspace, _ batches: [[Event]], keys: [String] = []) async throws -> StoredQueue {
        let (port, sinkPort) = try (FreePort.any(), FreePort.any())
        let more =
            [
                "a1.channels.c1.checkpointDir = \(space.path("checkpoint"))",
                "a1.channels.c1.dataDirs = \(space.path("data"))", "a1.channels.c1.minimumRequiredSpace = 1048576",
                "a1.sinks.k1.hostname = 127.0.0.1", "a1.sinks.k1.port = \(sinkPort)",
            ] + keys.map { "a1.channels.c1.\($0)" }
        let text = SmallAgent.text(
            port: port,
            [4: "a1.sources.r1.type = avro", 8: "a1.channels.c1.type = file", 9: "a1.sinks.k1.type = avro"],
            more: more
        )
        let queue = StoredQueue(space: space, file: space.path("a1.properties"), sinkPort: sinkPort)
        let agent = try space.agent("a1", text)
        try await agent.started()
        let client = try RPCClient(properties: ["hosts": "h", "hosts.h": "127.0.0.1:\(port)"])
        for batch in batches { try await client.appendBatch(batch) }
        await client.close()
        guard try await agent.program.terminate() == .exited(0) else {
            throw Waiting.Timeout(description: agent.program.story)
        }
        return queue
    }

    /// Runs `tributary journal`. Its output is in the file `path`, as bytes.
    func journal(_ words: [String]) async throws -> (end: ProgramEnd, program: Program, path: String) {
        let name = "journal-\(UUID().uuidString.prefix(6))"
        let program = try space.start(name, Tools.tributary, ["journal"] + words)
        return (try await program.end(within: 20), program, space.path("\(name).0.out"))
    }

    /// The only segment, with its bytes.
    func segment() throws -> (path: String, bytes: [UInt8]) {
        let paths = space.files("data").filter { $0.contains("/seg-") }
        guard paths.count == 1 else { throw Waiting.Timeout(description: "one segment is expected: \(paths)") }
        return (paths[0], [UInt8](try Data(contentsOf: URL(fileURLWithPath: paths[0]))))
    }

    /// Flips a bit of the payload that holds `text`. Returns the segment's path, and where the payload's frame begins.
    func damage(_ text: String) throws -> (path: String, offset: Int) {
        let (path, bytes) = try segment()
        let data = Data(bytes)
        guard let place = data.range(of: Data(text.utf8))?.lowerBound,
            let frame = data.range(of: Data("TRFR".utf8), options: .backwards, in: 0..<place)?.lowerBound
        else { throw Waiting.Timeout(description: "`\(text)` is not in \(path)") }
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(place))
        try file.write(contentsOf: [bytes[place] ^ 0x10])
        return (path, frame)
    }

    /// Every file with its bytes.
    func contents() throws -> [String: Data] {
        var contents: [String: Data] = [:]
        for path in ["checkpoint", "data", "checkpoint/quarantine"].flatMap({ space.files($0) }) {
            contents[path] = FileManager.default.contents(atPath: path)
        }
        return contents
    }
}
