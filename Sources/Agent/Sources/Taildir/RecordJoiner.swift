internal import NIOCore

/// Joins lines to records: a line that matches the start pattern begins one, all others go on with it.
struct RecordJoiner: Sendable {
    struct Limits: Hashable, Sendable {
        var lines: Int
        var bytes: Int
    }

    struct Record: Hashable {
        var bytes: ByteBuffer
        /// The offset of its first byte in the file.
        var start: UInt64
    }

    private let pattern: RegularExpression
    private let limits: Limits
    private var record: Record?
    private var lines = 0

    init(pattern: RegularExpression, limits: Limits) {
        self.pattern = pattern
        self.limits = limits
    }

    var isEmpty: Bool { record == nil }

    /// Adds a line. Returns the record before it, where that ends here.
    mutating func add(_ line: UnsafeRawBufferPointer, start: UInt64) -> Record? {
        if var open = record, lines < limits.lines, open.bytes.readableBytes + 1 + line.count <= limits.bytes,
            unsafe pattern.search(line) != .found
        {
            record = nil
            open.bytes.writeInteger(UInt8(0x0A))
            unsafe open.bytes.writeBytes(line)
            record = open
            lines += 1
            return nil
        }
        defer {
            record = unsafe Record(bytes: ByteBuffer(bytes: line), start: start)
            lines = 1
        }
        return record
    }

    /// The record, as it stands.
    mutating func take() -> Record? {
        defer { record = nil }
        return record
    }
}
