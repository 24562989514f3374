/// What stands before each payload, at an offset that is a multiple of 8:
///
///     0  magic u32    4  length u32   8  first u64   16 synced u64
///     24 count u32    28 flags u32    32 payload CRC u32    36 header CRC u32
///
/// Flags: 1 the record begins here, 2 it ends here, 4 the payload is sealed by a cipher, 8 the payload is placed: as many
/// bytes behind the header as the flags' second byte says (0 to 63), in a frame that is 64 bytes longer.
///
/// Kernels copy several times slower between addresses that differ little modulo a cache line or a page, and fastest between
/// those that are alike: a large payload is placed in the file as it lies in memory.
///
/// The header's CRC starts from the segment's seed and the frame's offset and covers the payload's CRC: what an earlier
/// life of the file left, or what stands in another place than it was written to, does not verify, header or payload.
struct FrameHeader: Hashable, Sendable {
    static let size = 40
    /// "TRFR", as it stands in the file.
    static let magic: UInt32 = 0x5246_5254
    static let alignment = 8
    /// Bytes of a cache line.
    static let line = 64

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
    /// Bytes between the header and a placed payload, below `line`.
    var lead: Int?
    var payloadCRC: UInt32

    /// Sequence behind the last item.
    var end: UInt64 { first + UInt64(count) }
    /// Where the payload begins in the frame, and ends.
    var payloadRange: Range<Int> {
        let start = Self.size + (lead ?? 0)
        return start..<(start + length)
    }
    /// Bytes with header and padding.
    var extent: Int { Self.extent(payload: length, isPlaced: lead != nil) }

    static func extent(payload length: Int, isPlaced: Bool) -> Int {
        (size + length + alignment - 1) & ~(alignment - 1) + (isPlaced ? line : 0)
    }

    /// The lead with which a payload at `address` lies in the file, in a frame at `offset`, as it lies in memory.
    static func lead(address: UInt, offset: Int) -> Int {
        Int(truncatingIfNeeded: address &- UInt(offset + size)) & (line - 1)
    }

    func encode(into buffer: UnsafeMutableRawBufferPointer, seed: UInt32, offset: Int) {
        var flags: UInt32 = (begins ? 1 : 0) | (ends ? 2 : 0) | (isSealed ? 4 : 0)
        if let lead { flags |= 8 | UInt32(lead) << 8 }
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
        let flags = unsafe bytes.field(28, as: UInt32.self)
        let header = unsafe FrameHeader(
            length: Int(bytes.field(4, as: UInt32.self)),
            first: bytes.field(8),
            synced: bytes.field(16),
            count: Int(bytes.field(24, as: UInt32.self)),
            begins: flags & 1 != 0,
            ends: flags & 2 != 0,
            isSealed: flags & 4 != 0,
            lead: flags & 8 != 0 ? Int(flags >> 8) & (line - 1) : nil,
            payloadCRC: bytes.field(32)
        )
        return header.count > 0 && header.first <= UInt64.max - UInt64(header.count) ? header : nil
    }
}
