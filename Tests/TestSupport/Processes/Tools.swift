import Foundation

/// The programs that tests of whole tiers run.
package enum Tools {
    /// The package's root.
    package static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// The agent: what `TRIBUTARY_BIN` names, else the one that was built beside the tests.
    package static let tributary: String = {
        if let named = ProcessInfo.processInfo.environment["TRIBUTARY_BIN"], !named.isEmpty { return named }
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let beside = URL(fileURLWithPath: tests).deletingLastPathComponent().path + "/tributary"
        return FileManager.default.isExecutableFile(atPath: beside) ? beside : root + "/.build/debug/tributary"
    }()

    package static let flume = root + "/bin/flume-ng"

    /// A program of the machine; `nil` where it is not installed.
    package static func find(_ name: String) -> String? {
        ["/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/", "/usr/local/bin/", "/opt/homebrew/bin/"].map { $0 + name }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// A program of Benchmarks/load, built when it is missing.
    package static func load(_ name: String) throws -> String {
        try built.get()
        return "\(root)/.build-load/\(name)"
    }

    private static let built = Result {
        let log = FileManager.default.temporaryDirectory.appendingPathComponent("make-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: log) }
        let make = try ChildProcess("/usr/bin/make", ["-s", "-C", root + "/Benchmarks/load"], log: log)
        while make.isRunning { usleep(20_000) }
        guard make.waitStatus == 0 else {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            throw Waiting.Timeout(description: "the load tools cannot be built: \(text)")
        }
    }

    /// Whether the tests that take minutes run.
    package static let runsLong = ProcessInfo.processInfo.environment["TRIBUTARY_LONG"] == "1"
    /// Why they do not.
    package static let whyNotLong = "takes minutes; TRIBUTARY_LONG=1 runs it"
}
