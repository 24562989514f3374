import Events
import NIOCore

/// Events from outside: accepted exactly where a slow reader accepts them, with the same content; and what is done to a
/// batch after that keeps all that it does not mean to change.
enum DatumSubject {
    static func check(_ bytes: [UInt8]) throws {
        // With bytes in front and behind, as a payload stands in a frame.
        var storage = ByteBuffer(bytes: [0x55, 0x55, 0x55] + bytes + [0x55])
        storage.moveReaderIndex(forwardBy: 3)
        storage.moveWriterIndex(to: 3 + bytes.count)

        let array = try? EventBatch.decode(array: storage)
        try compare(array, PlainEvents(array: bytes), "array")
        let single = try? EventBatch.decode(single: storage)
        try compare(single, PlainEvents(single: bytes), "single")
        if let batch = array?.batch { try BatchRules.check(batch) }
        if let batch = single?.batch { try BatchRules.check(batch) }
    }

    private static func compare(
        _ ours: (batch: EventBatch, consumed: Int)?,
        _ plain: PlainEvents?,
        _ form: String
    ) throws {
        guard let plain else { return try require(ours == nil, "\(form): accepted, and is malformed") }
        guard let ours else { throw Violation("\(form): refused, and is in order") }
        try require(ours.consumed == plain.consumed, "\(form): \(ours.consumed) bytes read, not \(plain.consumed)")
        try require(BatchRules.read(ours.batch) == plain.all, "\(form): other events than a slow reader reads")
    }
}
