import Foundation
import Journal
import Synchronization

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
            case "groups": try groups(directory, seconds: number)
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
        options.minimumRequiredSpace = 5 << 30
        options.notice = { print("  \($0)") }
        return try Queue(LocalFileSystem(), options)
    }

    // MARK: Group commit

    static func groups(_ directory: String, seconds: Double) throws {
        print("producers batch  events/s    MB/s  syncs/s  KB/group  p50 ms  p99 ms  cpu s/M  plain MB/s  ratio")
        let rows = ProcessInfo.processInfo.environment["ROWS"]?.split(separator: ",")
        for batch in [100, 1_000] {
            for producers in [1, 4, 16] where rows?.contains("\(producers)x\(batch)") ?? true {
                let queue = try open(directory)
                let taker = Thread { drain(queue) }
                taker.start()
                // Until segments are written over, as they are in the long run; and to learn how large groups are.
                _ = produce(queue, producers: producers, batch: batch, seconds: 1e9, bytes: 3 * 64 << 20)
                let warm = queue.counters
                var latencies = produce(queue, producers: producers, batch: batch, seconds: seconds / 4, bytes: .max)
                let probe = queue.counters
                let group = (probe.storedBytes - warm.storedBytes) / (probe.groups - warm.groups)
                let plain = PlainWriter(directory: directory, group: Int(group))
                // In slices, one after the other, so that what else the machine does falls on both; the ratio is that of
                // the middle one, since a burst of other work may fall on a few.
                var (took, spent, limits, ratios) = (0.0, 0.0, [Double](), [Double]())
                latencies = []
                for _ in 0..<slices {
                    let before = queue.counters.storedBytes
                    let (start, used) = (now(), cpu())
                    latencies += produce(
                        queue,
                        producers: producers,
                        batch: batch,
                        seconds: seconds / Double(slices),
                        bytes: .max
                    )
                    let time = now() - start
                    took += time
                    spent += cpu() - used
                    let wrote = Int(queue.counters.storedBytes - before)
                    let begin = now()
                    let wrotePlain = Double(plain.run(total: wrote))
                    limits.append(wrotePlain / (now() - begin))
                    ratios.append(Double(wrote) / time / limits[limits.count - 1])
                }
                plain.remove(directory: directory)
                let after = queue.counters
                let bytes = Int(after.storedBytes - probe.storedBytes)
                let events = Double(after.storedItems - probe.storedItems)
                let groups = Double(after.groups - probe.groups)
                queue.close()
                let limit = limits.sorted()[slices / 2]
                let ratio = ratios.sorted()[slices / 2]
                let sorted = latencies.sorted()
                let rate = Double(bytes) / took
                let row: [String] = [
                    pad("\(producers)", 9), pad("\(batch)", 6), pad(text(events / took, 0), 10),
                    pad(text(rate / 1e6, 1), 8),
                    pad(text(groups / took, 0), 9), pad(text(Double(bytes) / groups / 1e3, 1), 10),
                    pad(text(sorted[sorted.count / 2] * 1e3, 2), 8),
                    pad(text(sorted[sorted.count * 99 / 100] * 1e3, 2), 8), pad(text(spent / events * 1e6, 3), 9),
                    pad(text(limit / 1e6, 1), 12), pad(text(ratio, 2), 7),
                ]
                print(row.joined())
            }
        }
    }

    /// Of each row's time.
    private static var slices: Int { 17 }

    static func text(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
    static func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// Producers that wait for each batch to be stored before they bring the next; returns how long each took.
    static func produce(_ queue: Queue, producers: Int, batch: Int, seconds: Double, bytes: Int) -> [Double] {
        let payload = BenchPayload(count: batch, size: 100)
        let all = Mutex<[Double]>([])
        let total = Mutex(0)
        let end = now() + seconds
        let group = DispatchGroup()
        for _ in 0..<producers {
            group.enter()
            Thread {
                let stored = DispatchSemaphore(value: 0)
                var mine: [Double] = []
                while now() < end, total.withLock({ $0 }) < bytes {
                    let start = now()
                    queue.append(payload) { result in
                        if case .failure(let error) = result { print("  \(error)") }
                        stored.signal()
                    }
                    stored.wait()
                    mine.append(now() - start)
                    total.withLock { $0 += payload.bytes.count }
                }
                all.withLock { $0 += mine }
                group.leave()
            }.start()
        }
        group.wait()
        return all.withLock { $0 }
    }

    /// Takes everything and says that it is delivered.
    static func drain(_ queue: Queue) {
        let arrived = DispatchSemaphore(value: 0)
        let waker = JournalWaker { arrived.signal() }
        while true {
            if let take = queue.take(upTo: 1_000, waking: waker) {
                queue.finish(take.ticket, .delivered)
            } else if arrived.wait(timeout: .now() + 2) == .timedOut {
                return
            }
        }
    }

    // MARK: Backlog

    /// Leaves so many bytes in the queue, and ends as a killed process does.
    static func backlog(_ directory: String, bytes: Int) throws {
        let queue = try open(directory)
        let start = now()
        _ = produce(queue, producers: 4, batch: 10_000, seconds: 1e9, bytes: bytes)
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
