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

    /// Of each row's time.
    private static let slices = 17

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
        let queue = try JournalBench.open(directory)
        let payload = BenchPayload(count: row.batch, size: row.body)
        BenchTaker(queue, on: clients.loops.next()).start()
        // Until segments are written over, as they are in the long run; and to learn how large groups are.
        _ = try clients.bring(payload, by: row.clients, to: queue, bytes: 3 * 64 << 20)
        let warm = queue.counters
        _ = try clients.bring(payload, by: row.clients, to: queue, seconds: seconds / 4)
        let probe = queue.counters
        let group = (probe.groupBytes - warm.groupBytes) / (probe.groups - warm.groups)
        let plain = PlainWriter(directory: directory, group: Int(group))
        defer { plain.remove(directory: directory) }
        // In slices, one after the other, so that what else the machine does falls on both; the ratio is that of the middle
        // one, since a burst of other work may fall on a few.
        let slice = seconds / Double(Self.slices)
        var (took, spent, limits, ratios, latencies) = (0.0, 0.0, [Double](), [Double](), [Double]())
        for _ in 0..<Self.slices {
            let before = queue.counters.groupBytes
            let (start, used) = (now(), cpu())
            latencies += try clients.bring(payload, by: row.clients, to: queue, seconds: slice)
            let time = now() - start
            took += time
            spent += cpu() - used
            let wrote = Int(queue.counters.groupBytes - before)
            let begin = now()
            let wrotePlain = Double(plain.run(total: wrote))
            limits.append(wrotePlain / (now() - begin))
            ratios.append(Double(wrote) / time / limits[limits.count - 1])
        }
        let after = queue.counters
        queue.close()
        let bytes = Double(after.groupBytes - probe.groupBytes)
        let events = Double(after.storedItems - probe.storedItems)
        let groups = Double(after.groups - probe.groups)
        latencies.sort()
        let (middle, rare) = (latencies[latencies.count / 2], latencies[latencies.count * 99 / 100])
        let (limit, ratio) = (limits.sorted()[Self.slices / 2], ratios.sorted()[Self.slices / 2])
        let named = String(format: "%7d%6d%6d", row.clients, row.batch, row.body)
        let rates = String(format: "%10.0f%8.1f%9.0f", events / took, bytes / took / 1e6, groups / took)
        let costs = String(format: "%10.1f%8.2f%8.2f", bytes / groups / 1e3, middle * 1e3, rare * 1e3)
        print(named + rates + costs + String(format: "%9.3f%12.1f%7.2f", spent / events * 1e6, limit / 1e6, ratio))
    }
}
