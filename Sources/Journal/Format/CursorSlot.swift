/// What is delivered, as one of the two cursor files holds it.
///
///     0  "TRIBCURS"   8  queue u64   16 generation u64   24 floor u64   32 durable u64
///     40 next segment u64   48 interval count u32   52 version u32 = 1   56 reserved   60 CRC u32
///     64 intervals: first u64, end u64, ascending, apart
///
/// The CRC is that of the 60 bytes before it, then of the intervals.
struct CursorSlot: Hashable, Sendable {
    static let fixedSize = 64
    /// Intervals that a slot holds; those beyond are left out, which costs duplicates after a crash, nothing else.
    static let intervalLimit = 4_096
    static let fileSize = fixedSize + 16 * intervalLimit
    static let version: UInt32 = 1

    var queue: UInt64
    /// Rises with every write; the higher of two sound slots is the truth.
    var generation: UInt64
    /// What is delivered, lost or void: below it everything.
    var done: SequenceSet
    /// Everything below was on stable storage.
    var durable: UInt64
    /// No segment has had this number or a higher one.
    var nextSegment: UInt64

    /// Writes the slot; returns how many bytes it takes. `buffer` has `fileSize` bytes.
    func encode(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let intervals = done.intervals.prefix(Self.intervalLimit)
        unsafe buffer.set(Self.magic, at: 0)
        unsafe buffer.set(queue, at: 8)
        unsafe buffer.set(generation, at: 16)
        unsafe buffer.set(done.floor, at: 24)
        unsafe buffer.set(durable, at: 32)
        unsafe buffer.set(nextSegment, at: 40)
        unsafe buffer.set(UInt32(intervals.count), at: 48)
        unsafe buffer.set(Self.version, at: 52)
        unsafe buffer.set(0 as UInt32, at: 56)
        var at = Self.fixedSize
        for interval in intervals {
            unsafe buffer.set(interval.lowerBound, at: at)
            unsafe buffer.set(interval.upperBound, at: at + 8)
            at += 16
        }
        unsafe buffer.set(Self.checksum(UnsafeRawBufferPointer(buffer), used: at), at: 60)
        return at
    }

    /// Reads a slot; `nil` where it is damaged or never was written.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> CursorSlot? {
        guard bytes.count >= fixedSize, unsafe bytes.field(0, as: UInt64.self) == magic,
            unsafe bytes.field(52, as: UInt32.self) == version
        else { return nil }
        let count = unsafe Int(bytes.field(48, as: UInt32.self))
        guard count <= intervalLimit, fixedSize + 16 * count <= bytes.count,
            unsafe checksum(bytes, used: fixedSize + 16 * count) == bytes.field(60, as: UInt32.self)
        else { return nil }
        var done = unsafe SequenceSet(floor: bytes.field(24))
        for index in 0..<count {
            let at = fixedSize + 16 * index
            let (first, end) = unsafe (bytes.field(at, as: UInt64.self), bytes.field(at + 8, as: UInt64.self))
            guard first < end else { return nil }
            done.insert(first..<end)
        }
        return unsafe CursorSlot(
            queue: bytes.field(8),
            generation: bytes.field(16),
            done: done,
            durable: bytes.field(32),
            nextSegment: bytes.field(40)
        )
    }

    private static func checksum(_ bytes: UnsafeRawBufferPointer, used: Int) -> UInt32 {
        let fixed = unsafe Checksum.of(UnsafeRawBufferPointer(rebasing: bytes[..<60]))
        return unsafe Checksum.of(UnsafeRawBufferPointer(rebasing: bytes[fixedSize..<used]), from: fixed)
    }

    /// "TRIBCURS", as it stands in the file.
    private static let magic: UInt64 = 0x5352_5543_4249_5254
}
