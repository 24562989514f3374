internal import DequeModule

/// Where the events on disk stand among those in memory. The queue on disk keeps the order of its own; this says how many of
/// its events come before the next ones in memory. Called under a lock.
struct DiskOrder {
    /// Events of neighbouring puts, all on disk, with nothing in memory between them.
    struct Run: Hashable, Sendable {
        /// Places of its first and of its last put.
        var first: UInt64
        var last: UInt64
        var count: Int
    }

    private(set) var runs: Deque<Run> = []
    /// Events in all runs.
    private(set) var count = 0

    /// A put at the end.
    mutating func append(put: UInt64, count: Int) {
        guard count > 0 else { return }
        self.count += count
        if let end = runs.last, end.last + 1 == put {
            runs[runs.count - 1].last = put
            runs[runs.count - 1].count += count
        } else {
            runs.append(Run(first: put, last: put, count: count))
        }
    }

    /// Takes so many events off the first run, which has them.
    mutating func take(_ count: Int) -> Run? {
        guard var run = runs.first, count > 0, count <= run.count else { return nil }
        self.count -= count
        if run.count == count {
            runs.removeFirst()
        } else {
            runs[0].count -= count
        }
        run.count = count
        return run
    }

    /// Puts events back that `take` gave.
    mutating func giveBack(_ run: Run) {
        guard run.count > 0 else { return }
        count += run.count
        let at = runs.firstIndex { $0.first >= run.first } ?? runs.endIndex
        if at < runs.endIndex, runs[at].first == run.first {
            runs[at].count += run.count
        } else {
            runs.insert(run, at: at)
        }
    }

    /// Events on disk are gone. Which ones is not known: the last are left out, so that what comes next is no later than it
    /// should be.
    mutating func lose(_ number: Int) {
        var left = min(number, count)
        count -= left
        while left > 0, let run = runs.popLast() {
            guard run.count > left else {
                left -= run.count
                continue
            }
            runs.append(Run(first: run.first, last: run.last, count: run.count - left))
            left = 0
        }
    }
}
