/// Reads big-endian numbers and runs of bytes one after the other, never past the end.
struct ByteCursor {
    struct EndReached: Error {}

    private let bytes: ArraySlice<UInt8>
    /// Index into the whole array of the next byte.
    private(set) var offset: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        self.offset = bytes.startIndex
    }

    var remaining: Int { self.bytes.endIndex - self.offset }

    mutating func take(_ count: Int) throws(EndReached) -> ArraySlice<UInt8> {
        guard count >= 0, count <= self.remaining else { throw EndReached() }
        defer { self.offset += count }
        return self.bytes[self.offset..<self.offset + count]
    }

    mutating func byte() throws(EndReached) -> UInt8 { UInt8(truncatingIfNeeded: try self.number(1)) }
    mutating func short() throws(EndReached) -> Int { Int(try self.number(2)) }
    mutating func int() throws(EndReached) -> Int { Int(try self.number(4)) }
    mutating func long() throws(EndReached) -> UInt64 { try self.number(8) }

    /// Java's `DataInput.readUTF`: two bytes of length, then modified UTF-8, read as far as it is UTF-8.
    mutating func text() throws(EndReached) -> String {
        String(decoding: try self.take(try self.short()), as: UTF8.self)
    }

    private mutating func number(_ width: Int) throws(EndReached) -> UInt64 {
        try self.take(width).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
