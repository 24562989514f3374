import Foundation

/// A program that runs in a workspace, with its output and its errors in files.
package final class Program: Sendable {
    package let name: String
    private let process: ChildProcess
    private let outputPath: String
    private let errorPath: String

    init(name: String, process: ChildProcess, output: String, errors: String) {
        self.name = name
        self.process = process
        outputPath = output
        errorPath = errors
    }

    package var id: Int32 { process.id }
    package var isRunning: Bool { process.isRunning }
    /// All that it wrote so far.
    package var output: String { Self.text(outputPath) }
    package var errors: String { Self.text(errorPath) }

    private static func text(_ path: String) -> String {
        String(decoding: (try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data(), as: UTF8.self)
    }

    /// Lines of its errors that contain `part`.
    package func errorLines(_ part: String) -> [String] {
        errors.split(separator: "\n").map(String.init).filter { $0.contains(part) }
    }

    package func signal(_ number: Int32) { process.signal(number) }

    /// The first line of its errors, or of its output, that contains `part`.
    @discardableResult
    package func line(_ part: String, within seconds: Double = 20) async throws -> String {
        var found: String?
        try await Waiting.until("\(name) writes `\(part)`", within: seconds, details: self.story) {
            let ended = !isRunning
            found = (errors + "\n" + output).split(separator: "\n").map(String.init).first { $0.contains(part) }
            if found == nil, ended {
                throw Waiting.Timeout(description: "\(name) ended before it wrote `\(part)`\n\(story)")
            }
            return found != nil
        }
        return found ?? ""
    }

    /// Its end.
    @discardableResult
    package func end(within seconds: Double) async throws -> ProgramEnd {
        try await Waiting.until("\(name) ends", within: seconds, details: self.story) { !isRunning }
        return ProgramEnd(waitStatus: process.waitStatus ?? 0)
    }

    /// SIGTERM and its end.
    @discardableResult
    package func terminate(within seconds: Double = 12) async throws -> ProgramEnd {
        process.signal(SIGTERM)
        return try await end(within: seconds)
    }

    /// SIGKILL and its end.
    package func kill() async throws {
        process.signal(SIGKILL)
        try await end(within: 5)
    }

    /// SIGKILL for it and for the programs that it started.
    package func killNow() {
        let children = children
        process.signal(SIGKILL)
        for child in children { Foundation.kill(child, SIGKILL) }
        while process.isRunning { usleep(1_000) }
    }

    /// Processes whose parent it is.
    private var children: [Int32] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { Int32($0) }.filter { child in
            let fields = Self.text("/proc/\(child)/stat").split(separator: ")").last?.split(separator: " ") ?? []
            return fields.count > 1 && fields[1] == "\(id)"
        }
    }

    /// The last lines of all it wrote.
    package var story: String {
        (output.split(separator: "\n").suffix(5) + errors.split(separator: "\n").suffix(40)).joined(separator: "\n")
    }

    /// Resident memory in bytes, from proc(5).
    package var residentBytes: Int? {
        let fields = Self.text("/proc/\(id)/statm").split(separator: " ")
        return fields.count > 1 ? Int(fields[1]).map { $0 * sysconf(Int32(_SC_PAGESIZE)) } : nil
    }

    /// Time in user and kernel mode in seconds, from proc(5).
    package var cpuSeconds: Double? {
        // Fields count from behind the program's name, which may hold blanks.
        let stat = Self.text("/proc/\(id)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard stat.count > 12, let user = Double(stat[11]), let system = Double(stat[12]) else { return nil }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
