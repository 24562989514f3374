import Foundation
import TestSupport

/// What a topic holds, read by kcat.
enum Topic {
    static let whyNot: String? =
        Broker.isAvailable
        ? (KcatReader.program == nil ? "kcat is not installed" : nil) : Broker.whyNone

    /// The bodies of all records, without those that come after it began.
    static func bodies(_ topic: String, _ bootstrap: String, _ space: Workspace) async throws -> [String] {
        guard let kcat = KcatReader.program else { return [] }
        let reader = try space.start(
            "kcat-\(topic)",
            kcat,
            [
                "-C", "-b", bootstrap, "-t", topic, "-e", "-q", "-o", "beginning", "-f", "%s\\n", "-X",
                "receive.message.max.bytes=1000000000",
            ]
        )
        let end = try await reader.end(within: 60)
        // The first record makes the topic.
        if reader.errors.contains("Unknown topic or partition") { return [] }
        guard end == .exited(0) else {
            throw Waiting.Timeout(description: "kcat failed on \(topic): \(reader.story)")
        }
        return reader.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    /// Writes one record for each line.
    static func write(_ lines: [String], to topic: String, _ bootstrap: String, _ space: Workspace) async throws {
        guard let kcat = KcatReader.program else { return }
        let input = try space.write("\(topic).in", lines.map { $0 + "\n" }.joined())
        let writer = try space.start("kcat-write", kcat, ["-P", "-b", bootstrap, "-t", topic], input: input)
        guard try await writer.end(within: 60) == .exited(0) else {
            throw Waiting.Timeout(description: "kcat failed on \(topic): \(writer.story)")
        }
    }

    /// A topic of its own for a test.
    static func make(_ word: String, _ bootstrap: String, _ space: Workspace) async throws -> String {
        let name = "\(word)-\(UUID().uuidString.prefix(8))"
        try await makeNamed(name, bootstrap, space)
        return name
    }

    /// Makes a topic unless it is there: a named cluster may make none for its first record.
    static func makeNamed(_ name: String, _ bootstrap: String, _ space: Workspace) async throws {
        let maker = try space.start(
            "create-\(name)",
            Tools.root + "/scripts/create-topic",
            [bootstrap, name, "--replicas", "-1"]
        )
        guard try await maker.end(within: 60) == .exited(0) else {
            throw Waiting.Timeout(description: "topic \(name) was not made: \(maker.story)")
        }
    }
}
