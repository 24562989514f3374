import Journal

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A small program with a queue, to be killed by a test. Every line that it writes is one promise or one delivery:
/// `s FIRST COUNT` when these items are stored, `d FIRST COUNT` before they are told to be delivered.
@main
struct JournalProcess {
    typealias Queue = DurableQueue<LocalFileSystem, NumberPayload>

    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else {
            say("usage: JournalProcess work DIRECTORY FIRST | drain DIRECTORY")
            exit(2)
        }
        var options = JournalOptions(
            name: "process \(getpid())",
            checkpointDirectory: arguments[2] + "/checkpoint",
            dataDirectories: [arguments[2] + "/data1", arguments[2] + "/data2"]
        )
        options.segmentSize = 256 << 10
        options.fillStep = 64 << 10
        options.minimumRequiredSpace = 0
        options.windowLimit = 64 << 10
        options.notice = { say("n \($0)") }
        do {
            let queue = try Queue(LocalFileSystem(), options)
            if arguments[1] == "drain" {
                drain(queue)
            } else {
                work(queue, first: UInt64(arguments.count > 3 ? arguments[3] : "0") ?? 0)
            }
        } catch {
            say("error \(error)")
            exit(1)
        }
    }

    static func work(_ queue: Queue, first: UInt64) -> Never {
        var next = first
        let parent = getppid()
        while true {
            // The test is gone: nobody would end this.
            if getppid() != parent { exit(1) }
            for _ in 0..<4 {
                let batch = next
                let count = 20
                queue.append(NumberPayload(first: batch, count: count)) { result in
                    if case .success = result { say("s \(batch) \(count)") }
                }
                next += UInt64(count)
            }
            // Slower than the producer, so that a backlog grows.
            for _ in 0..<3 { deliver(queue) }
            usleep(1_000)
        }
    }

    @discardableResult
    static func deliver(_ queue: Queue) -> Bool {
        guard let take = queue.take(upTo: 20) else { return false }
        for part in take.parts {
            for item in part.items {
                guard let number = part.payload.number(item) else {
                    say("error a damaged item")
                    exit(1)
                }
                say("d \(number) 1")
            }
        }
        queue.finish(take.ticket, .delivered)
        return true
    }

    static func drain(_ queue: Queue) {
        say("r \(queue.report.pendingItems) \(queue.report.lostItems)")
        while queue.pendingItems > 0 {
            if !deliver(queue) { usleep(1_000) }
        }
        queue.close()
        say("end")
    }

    /// One line, handed to the kernel at once.
    static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
    }
}
