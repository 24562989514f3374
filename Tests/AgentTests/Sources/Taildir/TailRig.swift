import Events
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Agent

/// A taildir source on a folder of its own, in front of a memory channel.
final class TailRig {
    let directory: TestDirectory
    /// The folder that is tailed, beside the position file's.
    let folder: String
    private(set) var harness: Harness
    private var source: TaildirSource?
    /// Of the agents before this one.
    private var earlier: [LogCapture] = []

    init(_ harness: Harness = Harness()) throws {
        directory = try TestDirectory()
        folder = directory.path + "/logs"
        self.harness = harness
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    var positionFile: String { directory.path + "/state/position.json" }

    /// - Parameter values: besides a group `g` of all names that end in `.log`, and short times.
    func start(_ values: [String: String] = [:]) async throws {
        var all = [
            "filegroups": "g", "filegroups.g": folder + #"/.*\.log"#, "positionFile": positionFile,
            "backoffSleepIncrement": "50", "maxBackoffSleep": "200", "writePosInterval": "20",
        ]
        all.merge(values) { $1 }
        let source = try TaildirSource(harness.source(all))
        try await source.start()
        self.source = source
    }

    func stop() async {
        guard let source else { return }
        await source.quiesce()
        // The last positions must reach the disk, however slow that is: what follows counts on them.
        await source.stop(deadline: .now() + .seconds(60))
        self.source = nil
    }

    /// Ends as SIGKILL does it: what the position files say at this moment is what they say afterwards.
    func kill() async throws {
        let files = [positionFile, positionFile + ".ids"]
        let contents = try files.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        await stop()
        for (file, content) in zip(files, contents) { try content.write(to: URL(fileURLWithPath: file)) }
    }

    /// Stops, then starts with a channel that is empty.
    func restart(_ values: [String: String] = [:], harness: Harness = Harness()) async throws {
        await stop()
        earlier.append(self.harness.log)
        self.harness = harness
        try await start(values)
    }

    /// What all agents have logged, for a failure that does not tell its cause.
    var story: String {
        (earlier + [harness.log]).enumerated().flatMap { agent, log in
            log.lines.map { line in
                let metadata = line.metadata.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: " ")
                return "agent \(agent): \(line.message) \(metadata)"
            }
        }.joined(separator: "\n")
    }

    func path(_ name: String) -> String { folder + "/" + name }

    /// Appends by one write, as loggers do.
    func append(_ name: String, _ text: String) throws { try append(name, Array(text.utf8)) }

    func append(_ name: String, _ bytes: [UInt8]) throws {
        let descriptor = open(path(name), O_WRONLY | O_CREAT | O_APPEND, 0o644)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        try #require(write(descriptor, bytes, bytes.count) == bytes.count)
    }

    func rename(_ from: String, _ to: String) throws {
        try #require(Foundation.rename(path(from), path(to)) == 0)
    }

    func remove(_ name: String) throws { try #require(unlink(path(name)) == 0) }
    func truncate(_ name: String) throws { try #require(Foundation.truncate(path(name), 0) == 0) }

    /// As logrotate's copytruncate does.
    func copyTruncate(_ from: String, _ to: String) throws {
        try FileManager.default.copyItem(atPath: path(from), toPath: path(to))
        try truncate(from)
    }

    /// As logrotate's compress does: the real gzip, which removes the plain file when the other is whole.
    func gzip(_ name: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Tools.find("gzip")))
        process.arguments = ["-f", path(name)]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    /// Writes a file anew, in its place.
    func replace(_ name: String, with bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    }

    func inode(_ name: String) throws -> UInt64 {
        try FileStatus.of(path(name)).key.inode
    }

    func lines(_ count: Int, patience: Duration = .seconds(20)) async -> [String] {
        await harness.bodies(count, patience: patience)
    }

    /// What comes beside what was expected.
    func more(_ patience: Duration = .milliseconds(400)) async -> [String] {
        await harness.bodies(1_000_000, patience: patience)
    }

    /// The position file's entries by path.
    func positions() -> [String: UInt64] {
        let text = (try? Data(contentsOf: URL(fileURLWithPath: positionFile))) ?? Data()
        let files = PositionFile.read(positions: Array(text), marks: []).files
        return Dictionary(files.map { (String($0.path.split(separator: "/").last ?? ""), $0.position) }) { max($0, $1) }
    }
}
