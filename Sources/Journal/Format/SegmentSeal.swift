/// A segment's second block, written when nothing more will be: it spares a start the reading of the segment.
///
///     0  "TRIBSEAL"   8  number u64   16 first u64   24 end u64   32 end offset u64
///     40 queue u64    48 nonce u32    52 reserved    60 CRC u32 of the 60 bytes before it
struct SegmentSeal: Hashable, Sendable {
    static let size = 64
    /// Where it stands in the file: one block behind the header, so that neither shares the other's sector.
    static let offset = 4_096

    var id: SegmentID
    var queue: UInt64
    /// Sequences of the first item and of the one behind the last.
    var first: UInt64
    var end: UInt64
    /// Where the frames end, in bytes from the file's start.
    var endOffset: Int

    func encode(into buffer: UnsafeMutableRawBufferPointer) {
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<Self.size]).clear()
        unsafe buffer.set(Self.magic, at: 0)
        unsafe buffer.set(id.number, at: 8)
        unsafe buffer.set(first, at: 16)
        unsafe buffer.set(end, at: 24)
        unsafe buffer.set(UInt64(endOffset), at: 32)
        unsafe buffer.set(queue, at: 40)
        unsafe buffer.set(id.nonce, at: 48)
        unsafe buffer.set(Checksum.of(UnsafeRawBufferPointer(rebasing: buffer[..<60])), at: 60)
    }

    /// Reads a block; `nil` where it is not the sound seal of the segment `id`.
    static func decode(_ bytes: UnsafeRawBufferPointer, id: SegmentID) -> SegmentSeal? {
        guard bytes.count >= size, unsafe bytes.field(0, as: UInt64.self) == magic,
            unsafe bytes.field(8, as: UInt64.self) == id.number,
            unsafe bytes.field(48, as: UInt32.self) == id.nonce,
            unsafe Checksum.of(UnsafeRawBufferPointer(rebasing: bytes[..<60])) == bytes.field(60, as: UInt32.self)
        else { return nil }
        return unsafe SegmentSeal(
            id: id,
            queue: bytes.field(40),
            first: bytes.field(16),
            end: bytes.field(24),
            endOffset: Int(clamping: bytes.field(32, as: UInt64.self))
        )
    }

    /// "TRIBSEAL", as it stands in the file.
    private static let magic: UInt64 = 0x4C41_4553_4249_5254
}
