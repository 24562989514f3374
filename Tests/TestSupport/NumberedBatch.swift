package import Events
import NIOCore

extension EventBatch {
    /// One event for each number, which is its body (8 bytes).
    package static func numbered(_ numbers: some Sequence<Int>) -> EventBatch {
        var builder = EventBatchBuilder()
        for number in numbers { builder.append(body: ByteBuffer(integer: number)) }
        return builder.finish()
    }

    /// What `numbered` was given.
    package var numbers: [Int] {
        (0..<count).map { event(at: $0).body.getInteger(at: 0) ?? -1 }
    }
}
