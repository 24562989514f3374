internal import DequeModule

/// How far one content is delivered: batches go out in order, are acknowledged in any order, and the position moves over
/// those that are acknowledged without a gap.
struct Progress: Sendable {
    private struct Batch {
        var end: ContentMark
        var isAcknowledged = false
    }

    /// Up to here every batch is acknowledged.
    private(set) var delivered: ContentMark
    /// The last places that `delivered` was at, the latest last.
    private(set) var recent: Deque<ContentMark> = []
    /// So many are kept: a copy that was made shortly before its file was emptied ends between two of them.
    private static let recentCount = 32
    private var batches: Deque<Batch> = []
    /// The number of the first batch in `batches`.
    private var first = 0

    /// - Parameter earlier: places in front of the start, the latest last.
    init(_ start: ContentMark, earlier: [ContentMark] = []) {
        delivered = start
        recent = Deque(earlier + [start])
    }

    /// The last of the places in front of `delivered`: as many as are worth writing down for each file.
    var earlier: [ContentMark] { Array(recent.dropLast().suffix(8)) }

    /// Whether every batch is acknowledged.
    var isSettled: Bool { batches.isEmpty }

    /// A batch goes out that ends at `end`. Returns its number.
    mutating func sent(_ end: ContentMark) -> Int {
        batches.append(Batch(end: end))
        return first + batches.count - 1
    }

    /// Returns whether the position moved. A number that is not out any more changes nothing.
    @discardableResult
    mutating func acknowledged(_ number: Int) -> Bool {
        guard number >= first, number - first < batches.count else { return false }
        batches[number - first].isAcknowledged = true
        var moved = false
        while let batch = batches.first, batch.isAcknowledged {
            delivered = batch.end
            recent.append(delivered)
            if recent.count > Self.recentCount { recent.removeFirst() }
            batches.removeFirst()
            first += 1
            moved = true
        }
        return moved
    }
}
