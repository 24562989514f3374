internal import Events
internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#endif

/// Cuts a content's bytes into events and batches, and knows after each batch where it ends.
///
/// A line ends at LF; one CR before it is taken off, as Flume does. What stands behind the last LF is kept until its LF
/// comes or `finish` is called. Where lines are joined, an event is a record of lines with LF between them. No I/O, no
/// clock; no allocation for each line.
struct LineCutter: Sendable {
    struct Limits: Hashable, Sendable {
        /// Events in a batch.
        var events: Int
        /// Bytes after which a batch counts as full.
        var batchBytes = 1 << 20
        /// Bytes of a line; a longer one is cut and its rest becomes the next line.
        var lineBytes: Int
    }

    /// Some events, and the place in the content behind them.
    struct Cut: Sendable {
        var batch: EventBatch
        var end: ContentMark
    }

    private let limits: Limits
    private var headers: EventHeaders
    private var joiner: RecordJoiner?
    private var builder = EventBatchBuilder()
    /// Bytes that the next batch is likely to take.
    private var expected: Int
    /// Batches that are complete.
    private(set) var cuts: [Cut] = []
    private var longLines = 0

    /// The content's first bytes.
    private(set) var head: [UInt8]
    /// The bytes right in front of those fed next.
    private(set) var overlap: [UInt8]
    /// Bytes fed.
    private(set) var offset: UInt64
    /// The line that is not complete, as read.
    private var partial = ByteBuffer()
    /// Of all bytes in front of the line that is not complete.
    private var hash: ContentHash?
    private var lineStart: UInt64
    /// The bytes right in front of the line that is not complete, where there is one.
    private var lineTail: [UInt8] = []
    /// Behind the last event in `builder` or `cuts`.
    private(set) var end: ContentMark

    init(from start: ContentMark, limits: Limits, headers: EventHeaders, joiner: RecordJoiner?) {
        self.limits = limits
        self.headers = headers
        self.joiner = joiner
        head = start.head
        overlap = start.tail
        offset = start.offset
        hash = start.hash
        lineStart = start.offset
        end = start
        expected = min(limits.events * (headers.mapLength + 128), limits.batchBytes)
    }

    /// Whether bytes were read that are in no event yet.
    var hasRest: Bool { partial.readableBytes > 0 || joiner?.isEmpty == false }
    /// Whether a record waits for a line that begins the next.
    var hasRecord: Bool { joiner?.isEmpty == false }

    /// Takes bytes in until `batches` are complete. Returns how many were used; the rest is to be fed again.
    mutating func feed(_ bytes: UnsafeRawBufferPointer, batches: Int = .max) -> Int {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return 0 }
        if builder.count == 0 { reserve(bytes.count) }
        var at = 0
        var hashed = 0
        while at < bytes.count, cuts.count < batches {
            let length = bytes.count - at
            guard let found = unsafe memchr(base + at, 0x0A, length) else {
                if length + partial.readableBytes > limits.lineBytes {
                    at = unsafe cutLong(bytes, at, bytes.count, &hashed)
                    continue
                }
                if partial.readableBytes == 0 { lineTail = unsafe tail(bytes, at) }
                unsafe partial.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[at...]))
                // What is kept is hashed with its line.
                unsafe hash?.update(UnsafeRawBufferPointer(rebasing: bytes[hashed..<at]))
                hashed = bytes.count
                at = bytes.count
                break
            }
            let lf = unsafe UnsafeRawPointer(found) - base
            if lf - at + partial.readableBytes > limits.lineBytes {
                at = unsafe cutLong(bytes, at, lf, &hashed)
                continue
            }
            unsafe takeLine(bytes, at, lf, &hashed)
            at = lf + 1
            lineStart = offset + UInt64(at)
            if joiner == nil, isFull { unsafe closePlain(bytes, at, &hashed) }
        }
        if hashed < at { unsafe hash?.update(UnsafeRawBufferPointer(rebasing: bytes[hashed..<at])) }
        unsafe remember(bytes, at)
        offset += UInt64(at)
        return at
    }

    /// Ends the batch that is not full, where nothing more is to be read now.
    mutating func flush() {
        guard builder.count > 0 else { return }
        if joiner == nil { end = mark(tail: tailBeforePartial) }
        close()
    }

    /// Makes events of the record and of the line that are not complete.
    mutating func finish() {
        if partial.readableBytes > 0 {
            let start = lineStart
            let line = partial
            let before = mark(tail: lineTail)
            partial = ByteBuffer()
            if joiner != nil {
                join(line, start: start, before: before)
            } else {
                // As Flume: a CR at the end of an unfinished line stays.
                unsafe line.withUnsafeReadableBytes { unsafe headers.append($0, at: start, to: &builder) }
            }
            unsafe line.withUnsafeReadableBytes { unsafe hash?.update($0) }
            lineStart = offset
        }
        finishRecord()
        end = mark(tail: overlap)
        if builder.count > 0 { close() }
    }

    /// Makes an event of the record that waits, where there is no line behind it that is not complete.
    mutating func finishRecord() {
        guard let record = joiner?.take() else { return }
        unsafe record.bytes.withUnsafeReadableBytes { body in
            unsafe headers.append(body, at: record.start, to: &builder)
        }
        end = mark(tail: tailBeforePartial)
    }

    /// The complete batches, once.
    mutating func takeCuts() -> [Cut] {
        defer { cuts = [] }
        return cuts
    }

    /// Lines that were too long since the last call.
    mutating func takeLongLines() -> Int {
        defer { longLines = 0 }
        return longLines
    }

    // MARK: - Lines

    private var isFull: Bool { builder.count >= limits.events || builder.byteCount >= limits.batchBytes }

    /// Makes room for a batch out of `bytes`.
    private mutating func reserve(_ bytes: Int) {
        builder.reserve(events: min(limits.events, bytes / 64 + 1), bytes: min(bytes + bytes / 8, expected))
    }

    private mutating func takeLine(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ lf: Int, _ hashed: inout Int) {
        guard joiner == nil else {
            unsafe takeJoined(bytes, at, lf, &hashed)
            return
        }
        if partial.readableBytes == 0 {
            let end = unsafe lf > at && bytes[lf - 1] == 0x0D ? lf - 1 : lf
            unsafe headers.append(
                UnsafeRawBufferPointer(rebasing: bytes[at..<end]),
                at: offset + UInt64(at),
                to: &builder
            )
            return
        }
        unsafe partial.withUnsafeReadableBytes { unsafe hash?.update($0) }
        unsafe partial.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[at..<lf]))
        append(partial, start: lineStart)
        emptyPartial()
    }

    /// Adds a line that was gathered, without the CR at its end.
    private mutating func append(_ line: ByteBuffer, start: UInt64) {
        unsafe line.withUnsafeReadableBytes { line in
            unsafe headers.append(Self.withoutReturn(line), at: start, to: &builder)
        }
    }

    private static func withoutReturn(_ line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard unsafe line.last == 0x0D else { return unsafe line }
        return unsafe UnsafeRawBufferPointer(rebasing: line.dropLast())
    }

    private mutating func emptyPartial() {
        // A buffer that one long line has blown up is not kept for the short ones behind it.
        if partial.capacity > 1 << 16 { partial = ByteBuffer() } else { partial.clear() }
    }

    /// Makes an event of the first `lineBytes` bytes of a line that is longer, and returns where its rest starts.
    private mutating func cutLong(
        _ bytes: UnsafeRawBufferPointer,
        _ at: Int,
        _ lf: Int,
        _ hashed: inout Int
    ) -> Int {
        var room = max(0, limits.lineBytes - partial.readableBytes)
        // Not through the middle of a character, where its start is in these bytes.
        var steps = 0
        while room > 0, at + room < lf, steps < 3, unsafe bytes[at + room] & 0xC0 == 0x80 {
            room -= 1
            steps += 1
        }
        if room == 0, partial.readableBytes == 0 { room = min(limits.lineBytes, lf - at) }
        let next = at + room
        unsafe hash?.update(UnsafeRawBufferPointer(rebasing: bytes[hashed..<at]))
        hashed = at
        unsafe rememberHead(bytes, at)
        let before = mark(tail: unsafe tailOfLine(bytes, at))
        unsafe partial.withUnsafeReadableBytes { unsafe hash?.update($0) }
        unsafe partial.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[at..<next]))
        if joiner == nil {
            unsafe partial.withUnsafeReadableBytes { unsafe headers.append($0, at: lineStart, to: &builder) }
        } else {
            join(partial, start: lineStart, before: before)
        }
        emptyPartial()
        longLines += 1
        lineStart = offset + UInt64(next)
        unsafe hash?.update(UnsafeRawBufferPointer(rebasing: bytes[hashed..<next]))
        hashed = next
        if joiner == nil, isFull { unsafe closePlain(bytes, next, &hashed) }
        return next
    }

    /// Ends a full batch behind `at`.
    private mutating func closePlain(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ hashed: inout Int) {
        unsafe hash?.update(UnsafeRawBufferPointer(rebasing: bytes[hashed..<at]))
        hashed = at
        unsafe rememberHead(bytes, at)
        end = mark(tail: unsafe tail(bytes, at))
        close()
        reserve(bytes.count - at)
    }

    private mutating func close() {
        expected = builder.byteCount
        cuts.append(Cut(batch: builder.finish(), end: end))
    }

    // MARK: - Records

    private mutating func takeJoined(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ lf: Int, _ hashed: inout Int) {
        unsafe hash?.update(UnsafeRawBufferPointer(rebasing: bytes[hashed..<at]))
        hashed = at
        unsafe rememberHead(bytes, at)
        let start = partial.readableBytes == 0 ? offset + UInt64(at) : lineStart
        let before = mark(tail: unsafe tailOfLine(bytes, at), at: start)
        unsafe partial.withUnsafeReadableBytes { unsafe hash?.update($0) }
        unsafe partial.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[at..<lf]))
        join(partial, start: start, before: before)
        emptyPartial()
    }

    /// Adds a line to the record, or makes an event of the record and begins the next.
    private mutating func join(_ line: ByteBuffer, start: UInt64, before: ContentMark) {
        guard var joiner else { return }
        let record = unsafe line.withUnsafeReadableBytes { bytes in
            unsafe joiner.add(Self.withoutReturn(bytes), start: start)
        }
        self.joiner = joiner
        guard let record else { return }
        unsafe record.bytes.withUnsafeReadableBytes { body in
            unsafe headers.append(body, at: record.start, to: &builder)
        }
        end = before
        if isFull { close() }
    }

    // MARK: - Marks

    private func mark(tail: [UInt8], at place: UInt64? = nil) -> ContentMark {
        let offset = place ?? lineStart
        return ContentMark(
            offset: offset,
            hash: hash?.count == offset ? hash : nil,
            head: Array(head.prefix(Int(min(offset, UInt64(ContentMark.headLength))))),
            tail: Array(tail.suffix(Int(min(offset, UInt64(ContentMark.tailLength)))))
        )
    }

    /// The bytes in front of the line that is not complete, when everything fed is behind us.
    private var tailBeforePartial: [UInt8] { partial.readableBytes == 0 ? overlap : lineTail }

    /// The bytes in front of `at`.
    private func tail(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> [UInt8] {
        if at >= ContentMark.tailLength {
            return unsafe Array(bytes[(at - ContentMark.tailLength)..<at])
        }
        return unsafe (overlap + Array(bytes[..<at])).suffix(ContentMark.tailLength)
    }

    /// The bytes in front of the line of which a part stands at `at`.
    private func tailOfLine(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> [UInt8] {
        partial.readableBytes == 0 ? unsafe tail(bytes, at) : lineTail
    }

    private mutating func rememberHead(_ bytes: UnsafeRawBufferPointer, _ at: Int) {
        let missing = ContentMark.headLength - head.count
        guard missing > 0, UInt64(head.count) >= offset else { return }
        let known = head.count - Int(offset)
        guard known < at else { return }
        unsafe head += Array(bytes[known..<min(at, known + missing)])
    }

    private mutating func remember(_ bytes: UnsafeRawBufferPointer, _ at: Int) {
        unsafe rememberHead(bytes, at)
        overlap = unsafe tail(bytes, at)
    }
}
