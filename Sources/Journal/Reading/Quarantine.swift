/// Keeps copies of damaged places for those who want to look at them, up to a number of files.
struct Quarantine<FileSystem: JournalFileSystem>: Sendable {
    let files: FileSystem
    let options: JournalOptions
    let directory: String
    private var count: Int?

    init(files: FileSystem, options: JournalOptions) {
        self.files = files
        self.options = options
        directory = SegmentPaths(options).quarantine
    }

    /// Copies a part of a segment; returns where to, or why not.
    mutating func keep(_ span: Range<Int>, of file: FileSystem.File, id: SegmentID) -> String {
        do throws(FileSystemError) {
            let present: Int
            if let count {
                present = count
            } else {
                try files.makeDirectory(directory)
                present = try files.names(in: directory).count
            }
            count = present
            guard present < options.quarantineFileLimit else {
                return "not copied: \(directory) holds \(present) files already"
            }
            let path = "\(directory)/\(id.fileName).\(span.lowerBound)"
            let buffer = RawBuffer(count: max(1, min(span.count, options.quarantineSpanLimit)))
            let read = try unsafe file.readAll(into: buffer.bytes, at: span.lowerBound)
            let copy: FileSystem.File
            do throws(FileSystemError) {
                copy = try files.create(path)
            } catch {
                // From an earlier start: the same place, kept already.
                if error.isPresent { return "kept as \(path)" }
                throw error
            }
            count = present + 1
            try unsafe copy.writeAll(UnsafeRawBufferPointer(buffer[0..<read]), at: 0)
            return "kept as \(path)"
        } catch {
            return "not copied: \(error)"
        }
    }
}
