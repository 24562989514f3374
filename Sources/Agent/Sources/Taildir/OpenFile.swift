#if canImport(Glibc)
internal import Glibc
#endif

/// A file that is open for reading; closed with its last reference. Any thread may read.
final class OpenFile: ByteSource {
    private let descriptor: CInt

    /// Never waits: a pipe that somebody put in the file's place is opened and found to be no file.
    init(_ path: String) throws(FileFailure) {
        let opened = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard opened >= 0 else { throw FileFailure.system(errno) }
        descriptor = opened
    }

    deinit { close(descriptor) }

    func status() throws(FileFailure) -> FileStatus { try FileStatus.of(descriptor) }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileFailure) -> Int {
        var count = 0
        while count < buffer.count, let base = buffer.baseAddress {
            let result = unsafe pread(descriptor, base + count, buffer.count - count, off_t(offset) + off_t(count))
            if result < 0, errno == EINTR { continue }
            guard result >= 0 else { throw FileFailure.system(errno) }
            if result == 0 { break }
            count += result
        }
        return count
    }
}
