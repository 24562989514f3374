/// What goes to a segment's file, in order and in one write: small pieces are gathered, large ones written from where they
/// are.
@safe
struct FrameOutput<File: JournalFile>: ~Copyable {
    @unsafe private enum Part {
        /// Of `staging`, which may move while it grows.
        case gathered(Range<Int>)
        case outside(UnsafeRawBufferPointer)
    }

    private let file: File
    private let staging: RawBuffer
    /// Where the first part goes, and how many bytes the parts have.
    private let offset: Int
    private var count = 0
    /// Where in `staging` the next gathered byte goes. What is gathered in one piece lies there as in the file, see `FrameHeader`.
    private var gathered: Int
    private var parts: [Part] = unsafe []

    init(file: File, offset: Int, staging: RawBuffer) {
        self.file = file
        self.offset = offset
        self.staging = staging
        gathered = offset % FrameHeader.line
    }

    /// Makes room for so many pieces.
    mutating func expect(pieces: Int) {
        unsafe parts.reserveCapacity(pieces)
    }

    /// Where the next byte goes.
    var end: Int { offset + count }

    /// Room for the next bytes, to be filled before anything else is asked for.
    mutating func room(_ length: Int) -> UnsafeMutableRawBufferPointer {
        guard length > 0 else { return unsafe staging[0..<0] }
        let start: Int
        if case .gathered(let last)? = unsafe parts.last {
            start = last.lowerBound
            unsafe parts.removeLast()
        } else {
            gathered += (end - gathered) & (FrameHeader.line - 1)
            start = gathered
        }
        let range = gathered..<(gathered + length)
        gathered = range.upperBound
        if gathered > staging.count { staging.reserve(max(gathered, 2 * staging.count)) }
        unsafe parts.append(.gathered(start..<gathered))
        count += length
        return unsafe staging[range]
    }

    /// The next bytes, which stay where they are until `write`.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        unsafe parts.append(.outside(bytes))
        count += bytes.count
    }

    /// Writes everything, once.
    func write() throws(FileSystemError) {
        let pieces = unsafe parts.map { part in
            switch unsafe part {
            case .gathered(let range): unsafe UnsafeRawBufferPointer(staging[range])
            case .outside(let bytes): unsafe bytes
            }
        }
        try unsafe file.writeAll(pieces, at: offset)
    }
}
