internal import Events
internal import NIOCore

/// Counts from 0: each event's body is a number in decimal. A number that was refused is counted again.
struct SequenceGenerator: BatchGenerator {
    private let batchSize: Int
    private let total: Int64
    private var sent: Int64 = 0

    init(batchSize: Int, total: Int64) {
        self.batchSize = batchSize
        self.total = total
    }

    mutating func next(now: NIODeadline) -> GeneratorStep {
        guard sent < total else { return .finished }
        var builder = EventBatchBuilder()
        for number in sent..<min(total, sent + Int64(batchSize)) { Self.append(number, to: &builder) }
        return .put(builder.finish())
    }

    mutating func settled(accepted: Bool, count: Int) -> TimeAmount {
        if accepted { sent += Int64(count) }
        return .zero
    }

    /// Writes the digits without making a String of them.
    private static func append(_ number: Int64, to builder: inout EventBatchBuilder) {
        // 2^63 has 19 digits.
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 19) { digits in
            var rest = number
            var at = 19
            repeat {
                at -= 1
                unsafe digits.initializeElement(at: at, to: UInt8(0x30 + rest % 10))
                rest /= 10
            } while rest > 0
            unsafe builder.append(body: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: digits[at...])))
        }
    }
}
