internal import NIOCore

/// Where a content's bytes are read from: a file, or what a gzip file holds. Any thread may read; calls block.
protocol ByteSource: Sendable {
    /// The file's, with the content's size.
    func status() throws(FileFailure) -> FileStatus
    /// Reads until the buffer is full or the content at its end. Returns the bytes read.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileFailure) -> Int
}

extension ByteSource {
    /// Appends up to `count` bytes from `offset` on to a buffer. Returns how many there were.
    func read(into buffer: inout ByteBuffer, count: Int, at offset: UInt64) throws(FileFailure) -> Int {
        var failure: FileFailure?
        let done = unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { room in
            do throws(FileFailure) {
                return unsafe try read(into: UnsafeMutableRawBufferPointer(rebasing: room[..<count]), at: offset)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return done
    }

    /// The bytes from `offset`, fewer where the content ends.
    func bytes(at offset: UInt64, count: Int) throws(FileFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var failure: FileFailure?
        let count = unsafe bytes.withUnsafeMutableBytes { buffer -> Int in
            do throws(FileFailure) {
                return unsafe try read(into: buffer, at: offset)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return Array(bytes.prefix(count))
    }

    /// The hash of the first `count` bytes, from the hash of fewer on; nil where there are not so many.
    func hash(of count: UInt64, from start: ContentHash = ContentHash()) throws(FileFailure) -> ContentHash? {
        var hash = start
        while hash.count < count {
            let piece = try bytes(at: hash.count, count: Int(min(count - hash.count, 256 << 10)))
            guard !piece.isEmpty else { return nil }
            unsafe piece.withUnsafeBytes { unsafe hash.update($0) }
        }
        return hash
    }
}
