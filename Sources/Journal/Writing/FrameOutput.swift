/// What goes to a segment's file, in order: small pieces are gathered, large ones written from where they are.
struct FrameOutput<File: JournalFile> {
    private let file: File
    private let staging: RawBuffer
    /// Where the gathered bytes go, and how many there are.
    private var offset: Int
    private var count = 0

    init(file: File, offset: Int, staging: RawBuffer) {
        self.file = file
        self.offset = offset
        self.staging = staging
    }

    /// Where the next byte goes.
    var end: Int { offset + count }

    /// Room for the next bytes, to be filled before anything else is asked for.
    mutating func room(_ length: Int) -> UnsafeMutableRawBufferPointer {
        if count + length > staging.count { staging.reserve(max(count + length, 2 * staging.count)) }
        defer { count += length }
        return unsafe staging[count..<(count + length)]
    }

    /// Writes what is gathered.
    mutating func flush() throws(FileSystemError) {
        guard count > 0 else { return }
        let length = count
        count = 0
        try unsafe write(UnsafeRawBufferPointer(staging[0..<length]))
    }

    /// Writes bytes behind what was flushed; nothing may be gathered.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) {
        try unsafe file.writeAll(bytes, at: offset)
        offset += bytes.count
    }
}
