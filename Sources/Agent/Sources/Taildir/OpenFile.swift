#if canImport(Glibc)
internal import Glibc
#endif

/// A file that is open for reading; closed with its last reference. Any thread may read.
final class OpenFile: Sendable {
    private let descriptor: CInt

    /// Never waits: a pipe that somebody put in the file's place is opened and found to be no file.
    init(_ path: String) throws(FileFailure) {
        let opened = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard opened >= 0 else { throw FileFailure(code: errno) }
        descriptor = opened
    }

    deinit { close(descriptor) }

    func status() throws(FileFailure) -> FileStatus { try FileStatus.of(descriptor) }

    /// Reads until the buffer is full or the file at its end. Returns the bytes read.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileFailure) -> Int {
        var count = 0
        while count < buffer.count, let base = buffer.baseAddress {
            let result = unsafe pread(descriptor, base + count, buffer.count - count, off_t(offset) + off_t(count))
            if result < 0, errno == EINTR { continue }
            guard result >= 0 else { throw FileFailure(code: errno) }
            if result == 0 { break }
            count += result
        }
        return count
    }

    /// The bytes from `offset`, fewer where the file ends.
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

    /// The hash of the first `count` bytes; nil where there are not so many.
    func hash(of count: UInt64) throws(FileFailure) -> ContentHash? {
        var hash = ContentHash()
        while hash.count < count {
            let piece = try bytes(at: hash.count, count: Int(min(count - hash.count, 256 << 10)))
            guard !piece.isEmpty else { return nil }
            unsafe piece.withUnsafeBytes { unsafe hash.update($0) }
        }
        return hash
    }
}
