import Foundation
import TestSupport
import Testing

/// A process that is killed again and again, and a ledger of what it said.
@Suite("Killed processes", .ownThread)
struct KillTests {
    /// The program that is built beside the tests.
    static var program: String {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: tests).deletingLastPathComponent().path + "/JournalProcess"
    }

    static func run(_ arguments: [String], output: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        _ = FileManager.default.createFile(atPath: output, contents: nil)
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// Items named by lines that begin with `mark`.
    static func items(_ text: String, _ mark: String) -> [UInt64] {
        text.split(separator: "\n").flatMap { line -> [UInt64] in
            let words = line.split(separator: " ")
            guard words.count == 3, words[0] == mark, let first = UInt64(words[1]), let count = UInt64(words[2]) else {
                return []
            }
            return Array(first..<(first + count))
        }
    }

    @Test("SIGKILL loses nothing that was stored")
    func kill() async throws {
        var random = SeededGenerator.announced("kills of a process")
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("kill-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        let rounds = Dose.of(8, long: 100)
        var stored: Set<UInt64> = []
        var delivered: [UInt64: Int] = [:]
        for round in 0..<rounds {
            let output = "\(root)/out-\(round)"
            let process = try Self.run(["work", root + "/queue", "\(UInt64(round) << 32)"], output: output)
            // However slow the machine is, something is stored before the kill.
            for _ in 0..<3_000 where (try? String(contentsOfFile: output, encoding: .utf8))?.contains("s ") != true {
                try await Task.sleep(for: .milliseconds(10))
            }
            try await Task.sleep(for: .milliseconds(Int.random(in: 20...300, using: &random)))
            Foundation.kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            let text = try String(contentsOfFile: output, encoding: .utf8)
            #expect(!text.contains("error"), "\(text.prefix(300))")
            stored.formUnion(Self.items(text, "s"))
            for item in Self.items(text, "d") { delivered[item, default: 0] += 1 }
        }
        let output = root + "/drained"
        let process = try Self.run(["drain", root + "/queue"], output: output)
        process.waitUntilExit()
        let text = try String(contentsOfFile: output, encoding: .utf8)
        #expect(text.hasSuffix("end\n"), "\(text.suffix(300))")
        for item in Self.items(text, "d") { delivered[item, default: 0] += 1 }
        let lost = stored.filter { delivered[$0] == nil }
        let again = delivered.values.reduce(0) { $0 + $1 - 1 }
        print("measured: killed \(rounds) times: \(stored.count) stored, \(lost.count) lost, \(again) came again")
        #expect(stored.count >= rounds * 20)
        #expect(lost.isEmpty)
        // What was out, and what was told within the last moments: a few takes of 20, and more where the machine is so
        // slow that the keeper does not get its turn.
        #expect(again <= rounds * 2_000)
    }
}
