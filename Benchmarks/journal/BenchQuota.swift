import Synchronization

/// How long clients go on, together.
final class BenchQuota: Sendable {
    private let end: Double
    private let bytes: Int
    private let brought = Atomic(0)

    init(seconds: Double, bytes: Int) {
        end = now() + seconds
        self.bytes = bytes
    }

    /// Whether a batch of so many bytes is still wanted at this time.
    func takes(_ count: Int, at time: Double) -> Bool {
        brought.add(count, ordering: .relaxed).oldValue < bytes && time < end
    }
}
