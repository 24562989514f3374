internal import Synchronization

/// Bytes that all connections of a server hold at this moment.
final class HeldBytes: Sendable {
    private let bytes = Atomic<Int>(0)

    var value: Int { bytes.load(ordering: .relaxed) }
    func add(_ change: Int) { bytes.add(change, ordering: .relaxed) }
}
