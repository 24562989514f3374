/// What stands before each payload, at an offset that is a multiple of 8:
///
///     0  magic u32    4  length u32   8  first u64   16 synced u64
///     24 count u32    28 flags u32    32 payload CRC u32    36 header CRC u32
///
/// Flags: 1 the record begins here, 2 it ends here, 4 the payload is sealed by a cipher.
///
/// The header's CRC starts from the segment's seed and the frame's offset and covers the payload's CRC: what an earlier
/// life of the file left, or what stands in another place than it was written to, does not verify, header or payload.
struct FrameHeader: Hashable, Sendable {
    static let size = 40
    /// "TRFR", as it stands in the file.
    static let magic: UInt32 = 0x5246_5254
    static let alignment = 8

    /// Payload bytes.
    var length: Int
    /// Sequence of the first item.
    var first: UInt64
    /// Every item below this one was on stable storage when the frame was written.
    var synced: UInt64
    /// Items in the payload, at least 1.
    var count: Int
    /// The frame is a record's first one, and its last one: a record of several frames is stored whole or not at all.
    var begins: Bool
    var ends: Bool
    /// The payload was sealed by a cipher.
    var isSealed: Bool
    var payloadCRC: UInt32

    /// Sequence behind the last item.
    var end: UInt64 { first + UInt64(count) }
    /// Bytes with header and padding.
    var extent: Int { Self.extent(payload: length) }

    static func extent(payload length: Int) -> Int {
        (size + length + alignment - 1) & ~(alignment - 1)
    }

    func encode(into buffer: UnsafeMutableRawBufferPointer, seed: UInt32, offset: Int) {
        let flags: UInt32 = (begins ? 1 : 0) | (ends ? 2 : 0) | (isSealed ? 4 : 0)
        unsafe buffer.set(Self.magic, at: 0)
        unsafe buffer.set(UInt32(length), at: 4)
        unsafe buffer.set(first, at: 8)
        unsafe buffer.set(synced, at: 16)
        unsafe buffer.set(UInt32(count), at: 24)
        unsafe buffer.set(flags, at: 28)
        unsafe buffer.set(payloadCRC, at: 32)
        let covered = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<36])
        unsafe buffer.set(Checksum.of(covered, from: Checksum.of(UInt64(offset), from: seed)), at: 36)
    }

    /// Reads a header; `nil` where none was written here by this segment. `bytes` has at least `size` bytes.
    static func decode(_ bytes: UnsafeRawBufferPointer, seed: UInt32, offset: Int) -> FrameHeader? {
        guard unsafe bytes.field(0, as: UInt32.self) == magic else { return nil }
        let covered = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<36])
        let crc = unsafe Checksum.of(covered, from: Checksum.of(UInt64(offset), from: seed))
        guard crc == (unsafe bytes.field(36, as: UInt32.self)) else { return nil }
        let header = unsafe FrameHeader(
            length: Int(bytes.field(4, as: UInt32.self)),
            first: bytes.field(8),
            synced: bytes.field(16),
            count: Int(bytes.field(24, as: UInt32.self)),
            begins: bytes.field(28, as: UInt32.self) & 1 != 0,
            ends: bytes.field(28, as: UInt32.self) & 2 != 0,
            isSealed: bytes.field(28, as: UInt32.self) & 4 != 0,
            payloadCRC: bytes.field(32)
        )
        return header.count > 0 && header.first <= UInt64.max - UInt64(header.count) ? header : nil
    }
}
