import Events
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Agent

/// Random writes, renames, deletions, rotations and restarts against a plain list of what was written.
@Suite("taildir model", .serialized, .timeLimit(.minutes(5)))
struct TaildirModelTests {
    /// What may happen to the files between two restarts.
    private enum Step: CaseIterable {
        case write, writeMany, writePart, rotate, copyTruncate, delete, restart, pause
    }

    /// Lines are numbered, so that each is one line of the model. `present` are those that still stand in some file.
    private final class Model {
        var next = 0
        var expected: [String] = []
        /// The line that has no end yet, by file.
        var parts: [String: String] = [:]

        func line() -> String {
            next += 1
            return "line \(next) \(String(repeating: "x", count: next % 97))"
        }
    }

    private static func values(_ rig: TailRig) -> [String: String] {
        ["filegroups.g": rig.folder + #"/[a-c]\.log(\.\d+)?"#, "batchSize": "10"]
    }

    @Test("Every line is delivered; what comes twice stood in a copy", arguments: 0..<3)
    func everyLineOnce(run: Int) async throws {
        var random = SeededGenerator.announced("taildir model \(run)")
        let rig = try TailRig()
        let model = Model()
        var rotations = 0
        // Lines that stood in a file when it was copied: a copy is the one thing that may be taken for something new.
        var copied = 0
        var lines: [String] = []
        try await rig.start(Self.values(rig))
        for _ in 0..<120 {
            let name = ["a.log", "b.log", "c.log"].randomElement(using: &random) ?? "a.log"
            switch Step.allCases.randomElement(using: &random) ?? .write {
            case .write: try write(1, name, rig, model)
            case .writeMany: try write(Int.random(in: 2...200, using: &random), name, rig, model)
            case .writePart:
                let part = "part "
                try rig.append(name, part)
                model.parts[name, default: ""] += part
            case .rotate:
                guard access(rig.path(name), F_OK) == 0, model.parts[name] == nil else { continue }
                rotations += 1
                try rig.rename(name, "\(name).\(rotations)")
            case .copyTruncate:
                // What was read and what was not must both come from the copy, so the file holds at least one line that
                // was delivered.
                guard access(rig.path(name), F_OK) == 0, model.parts[name] == nil else { continue }
                await takeAll(&lines, rig, model)
                let rest = model.expected.count - Set(lines).count
                try #require(rest <= 0, "\(rest) lines are missing")
                guard await settled(rig, name) else { continue }
                try write(Int.random(in: 0...3, using: &random), name, rig, model)
                rotations += 1
                copied += try String(contentsOfFile: rig.path(name), encoding: .utf8).count { $0 == "\n" }
                try rig.copyTruncate(name, "\(name).\(rotations)")
            case .delete:
                guard access(rig.path(name), F_OK) == 0, model.parts[name] == nil else { continue }
                // What is not read of a deleted file exists nowhere.
                await takeAll(&lines, rig, model)
                try rig.remove(name)
            case .restart:
                await rig.stop()
                lines += await rig.more(.milliseconds(10))
                if Bool.random(using: &random), model.parts[name] == nil { try write(2, name, rig, model) }
                if Bool.random(using: &random), model.parts[name] == nil, access(rig.path(name), F_OK) == 0 {
                    rotations += 1
                    try rig.rename(name, "\(name).\(rotations)")
                    try write(1, name, rig, model)
                }
                try await rig.restart(Self.values(rig))
            case .pause: try await Task.sleep(for: .milliseconds(Int.random(in: 1...30, using: &random)))
            }
        }
        for (name, _) in model.parts { try write(1, name, rig, model) }
        await takeAll(&lines, rig, model)
        lines += await rig.more()
        await rig.stop()
        let missing = Set(model.expected).subtracting(lines)
        #expect(missing.isEmpty, "missing \(missing.sorted().prefix(5))")
        // In doubt a copy is read again, whole, and a slow machine leaves more in doubt.
        let duplicates = lines.count - Set(lines).count
        print("measured: taildir model \(run): \(lines.count) lines, \(duplicates) twice, \(copied) copied")
        #expect(duplicates <= copied, "\(duplicates) lines twice")
        #expect(Set(lines).subtracting(model.expected).isEmpty)
    }

    /// Takes what has not been delivered yet; a line that came twice stands for none that is still to come.
    private func takeAll(_ lines: inout [String], _ rig: TailRig, _ model: Model) async {
        while case let rest = model.expected.count - Set(lines).count, rest > 0 {
            let more = await rig.lines(rest)
            if more.isEmpty { return }
            lines += more
        }
    }

    private func write(_ count: Int, _ name: String, _ rig: TailRig, _ model: Model) throws {
        var text = ""
        for index in 0..<count {
            let line = model.line()
            let start = index == 0 ? model.parts.removeValue(forKey: name) ?? "" : ""
            model.expected.append(start + line)
            text += line + "\n"
        }
        try rig.append(name, text)
    }

    /// Until the position file says that all of a file is delivered; only then is the file known by its content.
    private func settled(_ rig: TailRig, _ name: String) async -> Bool {
        await Harness.eventually(.seconds(10)) {
            let size = try? FileStatus.of(rig.path(name)).size
            return size != nil && rig.positions()[name] == size
        }
    }
}
