/// Which items are done: all below the floor, and intervals above it.
///
/// Deliveries finish in any order; the floor rises when the gap above it closes.
struct SequenceSet: Hashable, Sendable {
    /// Everything below is in the set.
    private(set) var floor: UInt64
    /// What is in the set above the floor: ascending, neither empty nor touching.
    private(set) var intervals: [Range<UInt64>] = []

    init(floor: UInt64 = 0) {
        self.floor = floor
    }

    /// The sequence behind the last item of the set.
    var end: UInt64 { intervals.last?.upperBound ?? floor }

    /// Items above the floor that are in the set.
    private(set) var countAbove: UInt64 = 0

    /// Adds a range; returns how many of its items are new.
    @discardableResult
    mutating func insert(_ range: Range<UInt64>) -> UInt64 {
        let range = max(range.lowerBound, floor)..<max(range.upperBound, floor)
        guard !range.isEmpty else { return 0 }
        // Those that overlap or touch the range melt into it.
        let from = firstIndex { $0.upperBound >= range.lowerBound }
        var to = from
        var (lower, upper) = (range.lowerBound, range.upperBound)
        var known: UInt64 = 0
        while to < intervals.count, intervals[to].lowerBound <= range.upperBound {
            let shared = intervals[to].clamped(to: range)
            known += shared.upperBound - shared.lowerBound
            lower = min(lower, intervals[to].lowerBound)
            upper = max(upper, intervals[to].upperBound)
            to += 1
        }
        let added = range.upperBound - range.lowerBound - known
        countAbove += added
        if lower <= floor {
            countAbove -= upper - floor
            floor = upper
            intervals.removeSubrange(from..<to)
        } else {
            intervals.replaceSubrange(from..<to, with: CollectionOfOne(lower..<upper))
        }
        return added
    }

    /// The parts of a range that are not in the set, ascending.
    func missing(in range: Range<UInt64>) -> [Range<UInt64>] {
        var parts: [Range<UInt64>] = []
        var at = max(range.lowerBound, floor)
        var index = firstIndex { $0.upperBound > at }
        while at < range.upperBound {
            guard index < intervals.count, intervals[index].lowerBound < range.upperBound else {
                parts.append(at..<range.upperBound)
                break
            }
            if at < intervals[index].lowerBound { parts.append(at..<intervals[index].lowerBound) }
            at = intervals[index].upperBound
            index += 1
        }
        return parts
    }

    /// Whether all of a range is in the set.
    func contains(_ range: Range<UInt64>) -> Bool {
        range.upperBound <= floor || missing(in: range).isEmpty
    }

    /// The first interval for which `condition`, which stays true once it is, holds.
    private func firstIndex(where condition: (Range<UInt64>) -> Bool) -> Int {
        var (low, high) = (0, intervals.count)
        while low < high {
            let middle = (low + high) / 2
            if condition(intervals[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
