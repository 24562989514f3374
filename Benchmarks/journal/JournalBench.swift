import Agent
import Foundation
import Journal

/// Group commit and recovery, on the directory that is given. See the README beside this file.
@main
struct JournalBench {
    typealias Queue = DurableQueue<LocalFileSystem, BenchPayload>

    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3, ["groups", "backlog", "serve"].contains(arguments[1]) else {
            print("usage: journal-bench groups DIRECTORY [SECONDS] | backlog DIRECTORY GIB | serve DIRECTORY")
            exit(2)
        }
        let directory = arguments[2]
        let number = arguments.count > 3 ? Double(arguments[3]) ?? 1 : 1
        do {
            switch arguments[1] {
            case "groups": try GroupCommit(directory: directory, seconds: number).run()
            case "backlog": try backlog(directory, bytes: Int(number * Double(1 << 30)))
            default: try serve(directory)
            }
        } catch {
            print("\(error)")
            exit(1)
        }
    }

    static func open(_ directory: String) throws -> Queue {
        var options = JournalOptions(
            name: "journal-bench",
            checkpointDirectory: directory + "/queue",
            dataDirectories: [directory + "/queue/data"]
        )
        options.workWithEventLoops()
        options.minimumRequiredSpace = 5 << 30
        options.notice = { print("  \($0)") }
        return try Queue(LocalFileSystem(), options)
    }

    static func text(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

    // MARK: Backlog

    /// Leaves so many bytes in the queue, and ends as a killed process does.
    static func backlog(_ directory: String, bytes: Int) throws {
        let queue = try open(directory)
        let start = now()
        _ = try BenchClients().bring(BenchPayload(count: 10_000, size: 100), by: 4, to: queue, bytes: bytes)
        print("stored \(bytes >> 20) MiB in \(text(now() - start, 1)) s, \(resident())")
        _exit(0)
    }

    /// Starts on what is there, and drains it.
    static func serve(_ directory: String) throws {
        let start = now()
        let queue = try open(directory)
        var first: JournalTake<BenchPayload>?
        while first == nil {
            first = queue.take(upTo: 1_000)
            if first == nil { usleep(200) }
        }
        let serving = now() - start
        print("\(queue.report.pendingItems) items; serving after \(text(serving, 3)) s, \(resident())")
        if let first { queue.finish(first.ticket, .delivered) }
        let items = Double(queue.pendingItems)
        let (begin, used) = (now(), cpu())
        let arrived = DispatchSemaphore(value: 0)
        let waker = JournalWaker { arrived.signal() }
        while queue.pendingItems > 0 {
            if let take = queue.take(upTo: 1_000, waking: waker) {
                queue.finish(take.ticket, .delivered)
            } else {
                _ = arrived.wait(timeout: .now() + 1)
            }
        }
        let took = now() - begin
        print(
            "drained \(text(items / took / 1e6, 2)) M items/s, \(text(items / took / 1e4, 0)) MB/s, "
                + "\(text((cpu() - used) / items * 1e6, 3)) CPU s/M, \(resident())"
        )
        queue.close()
    }

    /// Memory in use now, and at most so far.
    static func resident() -> String {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        return status.split(separator: "\n").filter { $0.hasPrefix("VmRSS") || $0.hasPrefix("VmHWM") }
            .map { $0.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ") }.joined(
                separator: ", "
            )
    }
}
