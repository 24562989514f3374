import Events
import Foundation
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Agent

/// The real logrotate rotates what a writer writes and a taildir source follows.
@Suite("taildir and logrotate", .ownThread, .serialized, .timeLimit(.minutes(10)))
struct LogrotateTests {
    enum Mode: String, CaseIterable, Sendable {
        case create = "create 0644"
        case copytruncate = "copytruncate"
        case compress = "create 0644\ncompress"
        case copyAndCompress = "copytruncate\ncompress"
    }

    /// Which names match.
    enum Names: String, CaseIterable, Sendable {
        case own = #"/app\.log"#
        case plain = #"/app\.log(\.\d+)?"#
        case all = #"/app\.log.*"#
    }

    /// What becomes of the agent at each third rotation.
    enum Down: CaseIterable, Sendable {
        /// Stopped and started before it.
        case before
        /// Stopped before it and started after it; killed for that.
        case meanwhile, killed
    }

    private static let program = Tools.find("logrotate")

    @Test(
        .enabled(if: LogrotateTests.program != nil, "logrotate is not installed"),
        arguments: Mode.allCases,
        Tools.runsLong ? Names.allCases : [.own, .all]
    )
    func rotatesUnderAWriter(mode: Mode, names: Names) async throws {
        try await run(mode, names, .before, rotations: 6, pause: 250)
    }

    @Test(
        .enabled(if: LogrotateTests.program != nil, "logrotate is not installed"),
        arguments: Mode.allCases,
        [Down.meanwhile, .killed]
    )
    func rotatesWhileDown(mode: Mode, down: Down) async throws {
        try await run(mode, .own, down, rotations: 6, pause: 250)
    }

    @Test(
        .enabled(if: LogrotateTests.program != nil && Tools.runsLong, "\(Tools.whyNotLong)"),
        arguments: Mode.allCases,
        Names.allCases
    )
    func rotatesForLong(mode: Mode, names: Names) async throws {
        for down in Down.allCases { try await run(mode, names, down, rotations: 24, pause: 250) }
    }

    /// Writes lines one by one until it is told to stop, as a program does that opens its log anew when that is moved.
    private final class Writer: Sendable {
        private let count = Atomic<Int>(0)
        private let isDone = Atomic<Bool>(false)
        private let path: String

        init(_ path: String) { self.path = path }

        var written: Int { count.load(ordering: .relaxed) }
        func stop() { isDone.store(true, ordering: .relaxed) }

        func run() {
            var descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
            while !isDone.load(ordering: .relaxed) {
                let number = count.load(ordering: .relaxed)
                let line = Array("\(number) some text that makes the line as long as lines are\n".utf8)
                _ = write(descriptor, line, line.count)
                count.store(number + 1, ordering: .relaxed)
                if number % 50 == 0 {
                    close(descriptor)
                    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
                }
                usleep(150)
            }
            close(descriptor)
        }
    }

    private func run(_ mode: Mode, _ names: Names, _ down: Down, rotations: Int, pause: Int) async throws {
        let rig = try TailRig()
        let values = ["filegroups.g": rig.folder + names.rawValue]
        let configuration = rig.directory.path + "/rotate.conf"
        try """
        \(rig.path("app.log")) {
        rotate 1000
        missingok
        \(mode.rawValue)
        }

        """.write(toFile: configuration, atomically: false, encoding: .utf8)
        try #require(chmod(configuration, 0o644) == 0)
        try await rig.start(values)

        let writer = Writer(rig.path("app.log"))
        let thread = Thread { writer.run() }
        thread.start()
        var lines: [String] = []
        var (first, reached) = (0, -1)
        var (firsts, stops): ([Int], [Int]) = ([], [])
        for rotation in 0..<rotations {
            try await Task.sleep(for: .milliseconds(pause))
            // A content that is copied and emptied before anything was read of it cannot be known for what it is.
            try await Waiting.until("a line behind \(first) comes", within: 60) {
                let new = await rig.more(.milliseconds(1))
                lines += new
                reached = max(reached, new.compactMap(number).max() ?? -1)
                return reached >= first
            }
            let isDue = rotation % 3 == 2
            if isDue {
                stops.append(writer.written)
                if down == .killed { try await rig.kill() } else { await rig.stop() }
                lines += await rig.more(.milliseconds(10))
                if down == .before { try await rig.restart(values) }
            }
            try await rotate(configuration, rig)
            first = writer.written
            firsts.append(first)
            if isDue, down != .before { try await rig.restart(values) }
        }
        try await Task.sleep(for: .milliseconds(pause))
        writer.stop()
        while !thread.isFinished { try await Task.sleep(for: .milliseconds(5)) }
        let present = try present(rig)
        // What is missing has a minute to come, what is too much one second behind that.
        _ = await eventually {
            lines += await rig.more(.milliseconds(1))
            return present.isSubset(of: lines.compactMap(number))
        }
        lines += await rig.more(.seconds(1))
        await rig.stop()
        let delivered = lines.compactMap(number)

        let missing = present.subtracting(delivered)
        let story = "stops before \(stops), rotations before \(firsts); \(rig.story)"
        #expect(
            missing.isEmpty,
            "\(missing.count) of \(present.count) are missing: \(ranges(missing.sorted())); \(story)"
        )
        #expect(present.count > rotations * 10)
        let duplicates = delivered.count - Set(delivered).count
        // Where copies or gzip files match too, one that ends before what was delivered is read from the last place that is known of it.
        let isCopied = mode == .copytruncate || mode == .copyAndCompress
        let repeated = Dictionary(delivered.map { ($0, 1) }, uniquingKeysWith: +).filter { $0.value > 1 }.keys.sorted()
        // A batch's lines at most, where the last places that a content was delivered up to reach so far back.
        let isPacked = names == .all && (mode == .compress || mode == .copyAndCompress)
        // What was delivered since the positions were last written.
        let ofKills = down == .killed ? rotations * 400 : 0
        #expect(
            duplicates <= ofKills + (isPacked ? rotations * 100 : names != .own && isCopied ? rotations * 200 : 0),
            "\(duplicates) twice: \(ranges(repeated)); \(story)"
        )
        // Where gzip files match, hardly one is taken for other lines; a copy may end in the middle of a line.
        #expect(lines.count - delivered.count <= (isPacked || isCopied ? rotations : 0))
        let gap = Set(0..<writer.written).subtracting(present)
        print(
            "measured: logrotate \(mode) \(names) \(down): \(delivered.count) lines, \(duplicates) twice,",
            "\(gap.count) in no file, \(missing.count) missing"
        )
        // Without `delaycompress` logrotate itself loses what is written while it compresses.
        if mode == .create { #expect(gap.isEmpty) }
    }

    /// Sorted numbers, as the runs that they make.
    private func ranges(_ numbers: [Int]) -> String {
        var runs: [ClosedRange<Int>] = []
        for number in numbers {
            if let last = runs.last, last.upperBound + 1 == number {
                runs[runs.count - 1] = last.lowerBound...number
            } else {
                runs.append(number...number)
            }
        }
        return runs.prefix(10).map { "\($0.lowerBound) to \($0.upperBound)" }.joined(separator: ", ")
    }

    private func number(_ line: String) -> Int? { Int(line.prefix { $0 != " " }) }

    private func rotate(_ configuration: String, _ rig: TailRig) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.program))
        process.arguments = ["-f", "-s", rig.directory.path + "/rotate.state", configuration]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    /// Numbers of all lines that stand in some file.
    private func present(_ rig: TailRig) throws -> Set<Int> {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "cd '\(rig.folder)' && for f in app.log*; do zcat -f \"$f\"; done"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Set(
            String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init).compactMap(number)
        )
    }
}
