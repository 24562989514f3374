/// The end of a segment of which nobody knows whether the disk has it: what is read there may be in the kernel's memory only.
struct UnsyncedTail: Hashable, Sendable {
    var path: String
    var bytes: Range<Int>

    /// Writes the bytes once more where they are, and syncs. A sync alone proves nothing: after one that failed, in the life
    /// before, the kernel takes its pages for clean, and a later power failure would take away what was believed.
    func makeSafe<FileSystem: JournalFileSystem>(in files: FileSystem) throws(JournalError) {
        let buffer = RawBuffer(count: 1 << 20)
        do throws(FileSystemError) {
            let file = try files.open(path)
            for at in stride(from: bytes.lowerBound, to: bytes.upperBound, by: buffer.count) {
                let part = unsafe buffer[0..<min(buffer.count, bytes.upperBound - at)]
                let count = try unsafe file.readAll(into: part, at: at)
                try unsafe file.writeAll(UnsafeRawBufferPointer(rebasing: part[..<count]), at: at)
            }
            try file.sync()
        } catch {
            throw JournalError(
                .unusable,
                "the end of \(path) cannot be made safe: \(error); repair the disk and start again",
                cause: error
            )
        }
    }
}
