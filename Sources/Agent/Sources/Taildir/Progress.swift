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
    private var batches: Deque<Batch> = []
    /// The number of the first batch in `batches`.
    private var first = 0

    init(_ start: ContentMark) { delivered = start }

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
            batches.removeFirst()
            first += 1
            moved = true
        }
        return moved
    }
}
