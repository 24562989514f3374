import Foundation
import Journal
import NIOPosix

/// Group commit beside a plain loop of one write and one sync.
struct GroupCommit {
    /// One row of the table.
    struct Row {
        var clients: Int
        var batch: Int
        var body: Int

        /// As in `ROWS`: clients x batch x body.
        var name: String { "\(clients)x\(batch)x\(body)" }
    }

    /// Parts of each row's time, and of each part. Where files come to lie on the disk and in the kernel's cache makes a tenth
    /// of the difference, so each part has a new queue and new plain files.
    private static let parts = 5
    private static let slices = 7

    /// What fills the segments quickly, whatever the row.
    private static let large = BenchPayload(count: 1_000, size: 1_000)

    /// What the parts of a row come to.
    private struct Sum {
        var (events, bytes, groups, took, spent) = (0.0, 0.0, 0.0, 0.0, 0.0)
        var (limits, ratios, latencies) = ([Double](), [Double](), [Double]())
    }

    let directory: String
    /// Of each row.
    let seconds: Double
    let clients = BenchClients()

    func run() throws {
        print(
            "clients batch  body  events/s    MB/s  syncs/s  KB/group  p50 ms  p99 ms  cpu s/M  plain MB/s  ratio"
        )
        let wanted = ProcessInfo.processInfo.environment["ROWS"]?.split(separator: ",").map(String.init)
        for body in [100, 1_024] {
            for batch in [100, 1_000] {
                for clients in [1, 4, 16] {
                    let row = Row(clients: clients, batch: batch, body: body)
                    if wanted?.contains(row.name) ?? true { try measure(row) }
                }
            }
        }
    }

    private func measure(_ row: Row) throws {
        var sum = Sum()
        for _ in 0..<Self.parts { try measure(row, into: &sum) }
        sum.latencies.sort()
        let (middle, rare) = (
            sum.latencies[sum.latencies.count / 2], sum.latencies[sum.latencies.count * 99 / 100]
        )
        let named = String(format: "%7d%6d%6d", row.clients, row.batch, row.body)
        let rates = String(
            format: "%10.0f%8.1f%9.0f",
            sum.events / sum.took,
            sum.bytes / sum.took / 1e6,
            sum.groups / sum.took
        )
        let costs = String(format: "%10.1f%8.2f%8.2f", sum.bytes / sum.groups / 1e3, middle * 1e3, rare * 1e3)
        let limit = Self.middle(sum.limits) / 1e6
        let compared = String(
            format: "%9.3f%12.1f%7.2f",
            sum.spent / sum.events * 1e6,
            limit,
            Self.middle(sum.ratios)
        )
        print(named + rates + costs + compared)
    }

    private func measure(_ row: Row, into sum: inout Sum) throws {
        let queue = try JournalBench.open(directory)
        defer {
            queue.close()
            try? FileManager.default.removeItem(atPath: directory + "/queue")
        }
        let payload = BenchPayload(count: row.batch, size: row.body)
        BenchTaker(queue, on: clients.loops.next()).start()
        let slice = seconds / Double(Self.parts * Self.slices)
        // Until segments are written over, as they are in the long run.
        _ = try clients.bring(Self.large, by: 4, to: queue, bytes: 16 * 64 << 20)
        _ = try clients.bring(payload, by: row.clients, to: queue, seconds: slice)
        let plain = PlainWriter(directory: directory)
        defer { plain.remove(directory: directory) }
        // In slices, one after the other, so that what else the machine does falls on both; the ratio is that of the middle
        // one, since a burst of other work may fall on a few.
        for _ in 0..<Self.slices {
            let before = queue.counters
            let (start, used) = (now(), cpu())
            sum.latencies += try clients.bring(payload, by: row.clients, to: queue, seconds: slice)
            let time = now() - start
            sum.took += time
            sum.spent += cpu() - used
            let after = queue.counters
            let (wrote, groups) = (Int(after.groupBytes - before.groupBytes), Int(after.groups - before.groups))
            let begin = now()
            let wrotePlain = Double(plain.run(total: wrote, group: wrote / groups))
            let limit = wrotePlain / (now() - begin)
            sum.limits.append(limit)
            sum.ratios.append(Double(wrote) / time / limit)
            sum.bytes += Double(wrote)
            sum.groups += Double(groups)
            sum.events += Double(after.storedItems - before.storedItems)
        }
    }

    private static func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
