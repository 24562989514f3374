/// A cursor over Avro's binary form in bytes that nobody has vouched for.
///
/// The one place where raw bytes are loaded: every read is checked against `count` first, so the pointer arithmetic
/// below stays inside the buffer whatever a peer sends. It borrows the bytes: it must not outlive the closure that
/// handed them out.
@unsafe package struct AvroReader {
    private let base: UnsafeRawPointer
    /// Bytes in all.
    package let count: Int
    /// The offset of the next byte, never above `count`.
    package private(set) var position: Int

    package init(_ bytes: UnsafeRawBufferPointer, from position: Int = 0) {
        unsafe self.base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
        unsafe self.count = bytes.count
        unsafe self.position = min(max(position, 0), bytes.count)
    }

    package var remaining: Int { unsafe count - position }

    /// Avro `int` and `long`: zig-zag, seven bits a byte, low bits first, at most ten bytes (Avro specification,
    /// "Primitive Types"). Longer spellings of a small number are accepted, as Java accepts them.
    @inline(__always)
    package mutating func long() throws(AvroError) -> Int64 {
        guard unsafe position < count else { throw unsafe AvroError(.truncated, offset: position) }
        let first = unsafe base.load(fromByteOffset: position, as: UInt8.self)
        if first < 0x80 {
            unsafe position += 1
            return Int64(first >> 1) ^ -Int64(first & 1)
        }
        // Two bytes: the length of nearly every body.
        if unsafe position + 1 < count {
            let second = unsafe base.load(fromByteOffset: position + 1, as: UInt8.self)
            if second < 0x80 {
                unsafe position += 2
                let raw = Int64(first & 0x7f) | Int64(second) << 7
                return raw >> 1 ^ -(raw & 1)
            }
        }
        return try unsafe longSlow()
    }

    private mutating func longSlow() throws(AvroError) -> Int64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var at = unsafe position
        while true {
            guard unsafe at < count else { throw unsafe AvroError(.truncated, offset: position) }
            let byte = unsafe base.load(fromByteOffset: at, as: UInt8.self)
            at += 1
            guard shift < 63 || byte <= 1 else { throw unsafe AvroError(.varintTooLong, offset: position) }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { break }
            shift += 7
        }
        unsafe position = at
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// The length in front of a string or bytes, checked against what is left.
    @inline(__always)
    package mutating func length() throws(AvroError) -> Int {
        let start = unsafe position
        let length = try unsafe long()
        guard length >= 0 else { throw AvroError(.negativeLength, offset: start) }
        guard unsafe length <= Int64(remaining) else { throw AvroError(.lengthPastEnd, offset: start) }
        return Int(length)
    }

    /// Passes over a string or bytes and tells where its content stands.
    @inline(__always)
    package mutating func bytes() throws(AvroError) -> Range<Int> {
        let length = try unsafe length()
        let start = unsafe position
        unsafe position += length
        return unsafe start..<position
    }

    package mutating func byte() throws(AvroError) -> UInt8 {
        guard unsafe position < count else { throw unsafe AvroError(.truncated, offset: position) }
        defer { unsafe position += 1 }
        return unsafe base.load(fromByteOffset: position, as: UInt8.self)
    }

    /// Passes over `length` bytes of a `fixed`.
    package mutating func fixed(_ length: Int) throws(AvroError) -> Range<Int> {
        guard unsafe remaining >= length else { throw unsafe AvroError(.truncated, offset: position) }
        let start = unsafe position
        unsafe position += length
        return unsafe start..<position
    }

    /// The start of an array's or map's block: how many entries follow, and where they must end when the block was
    /// written with its size (a negative count). `nil` is the block that ends the array or map.
    ///
    /// - Parameter minimum: the least bytes that one entry can take; bounds the count by what is left.
    @inline(__always)
    package mutating func block(minimum: Int) throws(AvroError) -> Block? {
        let start = unsafe position
        var entries = try unsafe long()
        if entries == 0 { return nil }
        var end: Int?
        if entries < 0 {
            guard entries != .min else { throw AvroError(.countPastEnd, offset: start) }
            entries = -entries
            let size = try unsafe length()
            unsafe end = position + size
        }
        guard unsafe entries <= Int64(remaining / minimum) else { throw AvroError(.countPastEnd, offset: start) }
        return Block(entries: Int(entries), end: end)
    }

    /// Checks that a block written with its size ended where it said.
    @inline(__always)
    package func close(_ block: Block) throws(AvroError) {
        if let end = block.end, unsafe end != position {
            throw unsafe AvroError(.blockSizeMismatch, offset: position)
        }
    }

    /// A block of an array or map.
    package struct Block {
        package let entries: Int
        let end: Int?
    }

    /// The bytes of a range that one of the calls above gave.
    @inline(__always)
    package func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    }
}
