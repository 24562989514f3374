/// Goes from frame to frame through a segment's file with one buffer, whatever the file holds.
///
/// A frame is believed when its header's checksum fits the segment and the place; its length can then be trusted, so a
/// bad payload costs that frame alone. Where no header verifies, the next one that does is looked for, in steps of 8.
struct FrameWalker<File: JournalFile>: Sendable {
    enum Step: Sendable {
        /// A frame; its payload is in the buffer (see `payload`) unless it was skipped.
        case frame(FrameHeader, offset: Int, Content)
        /// Bytes that are no frame.
        case damage(Range<Int>)
        case end
    }

    enum Content: Hashable, Sendable {
        case sound
        /// The payload does not fit its checksum.
        case bad
        /// All items are below what the caller wants: neither read nor checked.
        case skipped
    }

    let file: File
    let id: SegmentID
    /// Where the next frame stands, and where the frames end.
    var offset: Int
    var limit: Int
    /// Sequences rise: a frame with an earlier one is none of this place.
    var expected: UInt64
    /// No item of the segment has this sequence or a later one.
    var ceiling: UInt64
    /// What cannot be read is taken for zeros, in pieces of a block, instead of failing.
    var toleratesErrors: Bool
    /// Bytes that could not be read and were taken for zeros.
    private(set) var unreadable = 0
    /// Where the last frame's payload is in the buffer.
    private(set) var payload = 0..<0

    private let seed: UInt32
    private let buffer: RawBuffer
    private let chunk: Int
    /// Which part of the file the buffer holds.
    private var loaded = 0..<0

    init(
        _ file: File,
        id: SegmentID,
        offset: Int,
        limit: Int,
        expected: UInt64,
        ceiling: UInt64 = .max,
        toleratesErrors: Bool,
        chunk: Int,
        buffer: RawBuffer
    ) {
        self.file = file
        self.id = id
        self.offset = offset
        self.limit = limit
        self.expected = expected
        self.ceiling = ceiling
        self.toleratesErrors = toleratesErrors
        self.chunk = chunk
        self.buffer = buffer
        seed = id.seed
    }

    /// The last frame's payload, until the next step.
    var payloadBytes: UnsafeMutableRawBufferPointer { unsafe buffer[payload] }

    /// The next step. Payloads of frames that end at `wanted` or below are skipped.
    mutating func next(wanted: UInt64) throws(FileSystemError) -> Step {
        guard offset < limit else { return .end }
        if let header = try header(at: offset) {
            let at = offset
            var content = Content.skipped
            if header.end > wanted {
                let range = header.payloadRange
                try load(at, range.upperBound)
                let start = at - loaded.lowerBound
                payload = (start + range.lowerBound)..<(start + range.upperBound)
                let crc = unsafe Checksum.of(UnsafeRawBufferPointer(payloadBytes))
                content = crc == header.payloadCRC ? .sound : .bad
            }
            offset += header.extent
            expected = header.end
            return .frame(header, offset: at, content)
        }
        let start = offset
        var probe = start + FrameHeader.alignment
        while probe + FrameHeader.size <= limit {
            if try header(at: probe) != nil { break }
            probe += FrameHeader.alignment
        }
        offset = probe + FrameHeader.size <= limit ? probe : limit
        return .damage(start..<offset)
    }

    private mutating func header(at place: Int) throws(FileSystemError) -> FrameHeader? {
        guard place + FrameHeader.size <= limit else { return nil }
        try load(place, FrameHeader.size)
        let bytes = unsafe buffer[(place - loaded.lowerBound)..<(place - loaded.lowerBound + FrameHeader.size)]
        guard let header = unsafe FrameHeader.decode(UnsafeRawBufferPointer(bytes), seed: seed, offset: place),
            header.first >= expected, header.end <= ceiling, place + header.payloadRange.upperBound <= limit
        else { return nil }
        return header
    }

    /// Sees to it that the buffer holds `count` bytes from `place` on.
    private mutating func load(_ place: Int, _ count: Int) throws(FileSystemError) {
        if loaded.lowerBound <= place, place + count <= loaded.upperBound { return }
        let length = max(count, min(chunk, limit - place))
        buffer.reserve(length)
        loaded = 0..<0
        let target = unsafe buffer[0..<length]
        do throws(FileSystemError) {
            let read = try unsafe file.readAll(into: target, at: place)
            unsafe UnsafeMutableRawBufferPointer(rebasing: target[read...]).clear()
        } catch {
            guard toleratesErrors else { throw error }
            unsafe readBlocks(into: target, at: place)
        }
        loaded = place..<(place + length)
    }

    /// Bytes that are lost together where a disk cannot read.
    private static var block: Int { 4_096 }

    private mutating func readBlocks(into target: UnsafeMutableRawBufferPointer, at place: Int) {
        var at = 0
        while at < target.count {
            let behind = min((place + at) / Self.block * Self.block + Self.block - place, target.count)
            let part = unsafe UnsafeMutableRawBufferPointer(rebasing: target[at..<behind])
            do throws(FileSystemError) {
                let read = try unsafe file.readAll(into: part, at: place + at)
                unsafe UnsafeMutableRawBufferPointer(rebasing: part[read...]).clear()
            } catch {
                unsafe part.clear()
                unreadable += part.count
            }
            at = behind
        }
    }
}
