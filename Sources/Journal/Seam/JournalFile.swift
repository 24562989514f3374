/// An open file, closed when the last reference goes.
///
/// Offsets and lengths are bytes. Any thread may call; the journal itself never writes one file from two threads.
package protocol JournalFile: AnyObject, Sendable {
    /// Bytes in the file.
    func size() throws(FileSystemError) -> Int
    /// Reads up to the buffer's length from `offset` on; returns how many bytes came, 0 at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileSystemError) -> Int
    /// Writes pieces, one behind the other, from `offset` on; returns how many bytes were taken, which may be fewer than
    /// given, at least 1. No piece is empty.
    func write(_ pieces: ArraySlice<UnsafeRawBufferPointer>, at offset: Int) throws(FileSystemError) -> Int
    /// Returns once the bytes, and what it takes to find them (the file's size), are on stable storage: `fdatasync`.
    ///
    /// After an error nothing is known of what was written since the last success, and a later success proves
    /// nothing: the kernel marks the pages clean.
    func sync() throws(FileSystemError)
}

extension JournalFile {
    /// Writes all bytes, however many calls it takes.
    func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileSystemError) {
        guard bytes.count > 0 else { return }
        try unsafe writeAll([bytes], at: offset)
    }

    /// Writes all bytes of all pieces, however many calls it takes.
    func writeAll(_ pieces: [UnsafeRawBufferPointer], at offset: Int) throws(FileSystemError) {
        var rest = unsafe pieces[...]
        var offset = offset
        while unsafe !rest.isEmpty {
            var count = try unsafe write(rest, at: offset)
            offset += count
            while let first = unsafe rest.first, count >= first.count {
                count -= first.count
                unsafe rest.removeFirst()
            }
            // What is left of a piece that was taken in part.
            if count > 0, let first = unsafe rest.popFirst() {
                unsafe rest = unsafe [UnsafeRawBufferPointer(rebasing: first[count...])] + rest
            }
        }
    }

    /// Reads until the buffer is full or the file ends; returns how many bytes came.
    func readAll(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileSystemError) -> Int {
        var done = 0
        while done < buffer.count {
            let count = try unsafe read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]),
                at: offset + done
            )
            if count == 0 { break }
            done += count
        }
        return done
    }
}
