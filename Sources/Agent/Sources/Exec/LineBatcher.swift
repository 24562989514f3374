internal import DequeModule
internal import Events
internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#endif

/// Cuts a stream of bytes into lines and gathers them into batches.
///
/// A line ends at LF, CR or CR LF, also where a read ends between the two; what stands unterminated at the end of the
/// stream counts as a line. Nothing is gathered beyond one full batch: the bytes behind it stay unread, so that the caller
/// can stop reading. No I/O; no allocation for each line.
struct LineBatcher {
    /// What one batch, and one line, may hold.
    struct Limits: Hashable {
        /// Lines in a batch.
        var lines: Int
        /// Bytes after which a batch counts as full.
        var batchBytes = 16 << 20
        /// Bytes of a line; a longer one is cut and its rest becomes the next line.
        var lineBytes = 16 << 20
    }

    private let limits: Limits
    private let charset: JavaCharset
    private var unread: Deque<ByteBuffer> = []
    /// Where the next LF and CR stand in the first buffer, as offsets from its reader index; -1 where not looked for yet.
    private var nextLF = -1
    private var nextCR = -1
    private var partial = ByteBuffer()
    private var skipsLF = false
    private var batch = EventBatchBuilder()
    private(set) var isEnded = false
    /// Lines cut since the start.
    private(set) var cuts = 0

    init(limits: Limits, charset: JavaCharset) {
        self.limits = limits
        self.charset = charset
    }

    /// Lines gathered for the next batch.
    var gathered: Int { batch.count }
    var isFull: Bool { batch.count >= limits.lines || batch.byteCount >= limits.batchBytes }
    /// Whether all that was received is in batches already taken, or in a line that is not complete.
    var wantsBytes: Bool { unread.isEmpty && !isFull }
    /// Whether nothing will come any more.
    var isDrained: Bool { isEnded && unread.isEmpty && partial.readableBytes == 0 && batch.count == 0 }

    mutating func receive(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0, !isEnded else { return }
        unread.append(bytes)
    }

    /// The stream is over.
    mutating func end() { isEnded = true }

    /// Gathers lines until a batch is full or the bytes are used up.
    mutating func gather() {
        while !isFull, var bytes = unread.popFirst() {
            let used = unsafe bytes.withUnsafeReadableBytes { raw in unsafe scan(raw) }
            bytes.moveReaderIndex(forwardBy: used)
            if bytes.readableBytes > 0 {
                nextLF = nextLF < used ? -1 : nextLF - used
                nextCR = nextCR < used ? -1 : nextCR - used
                unread.prepend(bytes)
            } else {
                nextLF = -1
                nextCR = -1
            }
        }
        if isEnded, unread.isEmpty, !isFull, partial.readableBytes > 0 { finishPartial() }
    }

    /// The lines gathered so far.
    mutating func take() -> EventBatch { batch.finish() }

    /// Adds the lines of a buffer; returns the bytes used.
    private mutating func scan(_ bytes: UnsafeRawBufferPointer) -> Int {
        var at = 0
        if skipsLF {
            skipsLF = false
            if unsafe bytes[0] == 0x0A { at = 1 }
        }
        while at < bytes.count, !isFull {
            if nextLF < at { nextLF = unsafe Self.find(0x0A, in: bytes, from: at) }
            if nextCR < at { nextCR = unsafe Self.find(0x0D, in: bytes, from: at) }
            let end = min(nextLF, nextCR)
            let piece = unsafe UnsafeRawBufferPointer(rebasing: bytes[at..<end])
            if end == bytes.count {
                unsafe keep(piece)
                return end
            }
            if partial.readableBytes == 0 {
                unsafe charset.append(piece, to: &batch)
            } else {
                unsafe keep(piece)
                finishPartial()
            }
            at = end + 1
            guard end == nextCR else { continue }
            if at == bytes.count {
                skipsLF = true
            } else if unsafe bytes[at] == 0x0A {
                at += 1
            }
        }
        return at
    }

    /// The offset of a byte, or the end where there is none.
    @inline(__always)
    private static func find(_ byte: Int32, in bytes: UnsafeRawBufferPointer, from at: Int) -> Int {
        guard let base = bytes.baseAddress, at < bytes.count,
            let found = unsafe memchr(base + at, byte, bytes.count - at)
        else { return bytes.count }
        return unsafe UnsafeRawPointer(found) - base
    }

    /// Adds to the line that is not complete; cuts it where it grows too long.
    private mutating func keep(_ piece: UnsafeRawBufferPointer) {
        var rest = unsafe piece
        while partial.readableBytes + rest.count > limits.lineBytes {
            var room = limits.lineBytes - partial.readableBytes
            // Not through the middle of a character, where its start is in this piece.
            while charset == .utf8, room > 0, unsafe rest[room] & 0xC0 == 0x80 { room -= 1 }
            if room == 0 && partial.readableBytes == 0 { room = limits.lineBytes }
            unsafe partial.writeBytes(UnsafeRawBufferPointer(rebasing: rest[..<room]))
            unsafe rest = unsafe UnsafeRawBufferPointer(rebasing: rest[room...])
            finishPartial()
            cuts += 1
        }
        unsafe partial.writeBytes(rest)
    }

    private mutating func finishPartial() {
        unsafe partial.withUnsafeReadableBytes { line in unsafe charset.append(line, to: &batch) }
        // A buffer that one long line has blown up is not kept for the short ones behind it.
        if partial.capacity > 1 << 20 { partial = ByteBuffer() } else { partial.clear() }
    }
}
