#if canImport(Glibc)
import Foundation
import Journal
import TestSupport
import Testing

/// What an operator sees of a queue in `top -H` and `ps -L`.
@Suite("Threads have names")
struct ThreadNameTests {
    /// The names of this process' threads.
    static func names() -> [String] {
        let tasks = "/proc/self/task"
        return ((try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []).compactMap { task in
            (try? String(contentsOfFile: "\(tasks)/\(task)/comm", encoding: .utf8))?
                .trimmingCharacters(in: .newlines)
        }
    }

    @Test("Those of a queue")
    func queue() async throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("journal-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        var options = JournalOptions(
            name: "channel c1 of agent a1",
            checkpointDirectory: root + "/checkpoint",
            dataDirectories: [root + "/data"]
        )
        options.minimumRequiredSpace = 0
        let queue = try LocalQueue(LocalFileSystem(), options)
        #expect(await eventually { Set(Self.names()).isSuperset(of: ["journal-write", "journal-keep"]) })
        queue.close()
    }

    @Test("A name that is too long is cut off")
    func longName() async {
        let gate = DispatchSemaphore(value: 0)
        #expect(WorkerThread.start(name: "a-long-name-of-a-thread") { gate.wait() })
        #expect(await eventually { Self.names().contains("a-long-name-of-") })
        gate.signal()
    }
}
#endif
