/// A segment's first block.
///
///     0  "TRIBJRNL"     8  version u32 = 1   12  reserved u32
///     16 queue u64      24 number u64        32  nonce u32      36 cipher length u32
///     40 first u64      48 capacity u64      56  reserved u32   60 CRC u32
///     64 the cipher's parameters
///
/// The CRC is that of the 64 bytes with 0 in its place, then of the parameters.
struct SegmentHeader: Hashable, Sendable {
    static let fixedSize = 64
    /// Header block and seal block; the first frame stands behind them.
    static let framesStart = 2 * SegmentSeal.offset
    /// What a cipher may keep here, in bytes.
    static let parametersLimit = 1_024
    /// The header stands twice, the second time in the seal's block: no one bad sector takes a segment's key away.
    static let copyOffset = SegmentSeal.offset + 2_048
    static let version: UInt32 = 1

    var id: SegmentID
    /// The queue's own random number: a cursor of another queue is recognised by it.
    var queue: UInt64
    /// The sequence of the first item in the segment. What an earlier segment holds from here on is void.
    var first: UInt64
    /// Bytes that the file is meant to grow to.
    var capacity: Int
    /// What the cipher needs to open the payloads; empty without one.
    var parameters: [UInt8] = []

    /// Writes the block's used part; `buffer` has at least 64 bytes more than the parameters.
    func encode(into buffer: UnsafeMutableRawBufferPointer) {
        unsafe buffer.set(Self.magic, at: 0)
        unsafe buffer.set(Self.version, at: 8)
        unsafe buffer.set(0 as UInt32, at: 12)
        unsafe buffer.set(queue, at: 16)
        unsafe buffer.set(id.number, at: 24)
        unsafe buffer.set(id.nonce, at: 32)
        unsafe buffer.set(UInt32(parameters.count), at: 36)
        unsafe buffer.set(first, at: 40)
        unsafe buffer.set(UInt64(capacity), at: 48)
        unsafe buffer.set(0 as UInt64, at: 56)
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[Self.fixedSize...]).copyBytes(from: parameters)
        let used = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<(Self.fixedSize + parameters.count)])
        unsafe buffer.set(Checksum.of(used), at: 60)
    }

    /// Reads a segment's first two blocks; `nil` where neither copy is sound.
    static func decode(blocks bytes: UnsafeRawBufferPointer, id: SegmentID) -> SegmentHeader? {
        if let header = unsafe decode(bytes, id: id) { return header }
        guard bytes.count > copyOffset else { return nil }
        return unsafe decode(UnsafeRawBufferPointer(rebasing: bytes[copyOffset...]), id: id)
    }

    /// Reads a block; `nil` where it is not the sound header of the segment `id`.
    static func decode(_ bytes: UnsafeRawBufferPointer, id: SegmentID) -> SegmentHeader? {
        guard bytes.count >= fixedSize, unsafe bytes.field(0, as: UInt64.self) == magic,
            unsafe bytes.field(8, as: UInt32.self) == version,
            unsafe bytes.field(24, as: UInt64.self) == id.number,
            unsafe bytes.field(32, as: UInt32.self) == id.nonce
        else { return nil }
        let length = unsafe Int(bytes.field(36, as: UInt32.self))
        guard length <= parametersLimit, fixedSize + length <= bytes.count else { return nil }
        var crc = unsafe Checksum.of(UnsafeRawBufferPointer(rebasing: bytes[..<60]))
        let zeros: UInt32 = 0
        crc = unsafe withUnsafeBytes(of: zeros) { unsafe Checksum.of($0, from: crc) }
        let parameters = unsafe bytes[fixedSize..<(fixedSize + length)]
        crc = unsafe Checksum.of(UnsafeRawBufferPointer(rebasing: parameters), from: crc)
        guard crc == (unsafe bytes.field(60, as: UInt32.self)) else { return nil }
        return unsafe SegmentHeader(
            id: id,
            queue: bytes.field(16),
            first: bytes.field(40),
            capacity: Int(clamping: bytes.field(48, as: UInt64.self)),
            parameters: Array(parameters)
        )
    }

    /// "TRIBJRNL", as it stands in the file.
    private static let magic: UInt64 = 0x4C4E_524A_4249_5254
}
