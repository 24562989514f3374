#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A file of the operating system.
package final class LocalFile: JournalFile {
    private let descriptor: CInt
    private let path: String

    init(descriptor: CInt, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        _ = close(descriptor)
    }

    package func size() throws(FileSystemError) -> Int {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw FileSystemError("size of", path, errno) }
        return Int(status.st_size)
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileSystemError) -> Int {
        while true {
            let count = unsafe pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            guard errno == EINTR else { throw FileSystemError("read", path, errno) }
        }
    }

    package func write(
        _ pieces: ArraySlice<UnsafeRawBufferPointer>,
        at offset: Int
    ) throws(FileSystemError) -> Int {
        let parts = unsafe pieces.prefix(Self.piecesLimit).map { piece in
            unsafe iovec(iov_base: UnsafeMutableRawPointer(mutating: piece.baseAddress), iov_len: piece.count)
        }
        while true {
            let count = unsafe pwritev(descriptor, parts, CInt(parts.count), off_t(offset))
            if count > 0 { return count }
            // A write of some bytes that takes none is not defined to happen; waiting for it would hang.
            if count == 0 { throw FileSystemError("write", path, EIO) }
            guard errno == EINTR else { throw FileSystemError("write", path, errno) }
        }
    }

    /// Pieces that one call takes (`IOV_MAX` of Linux and Darwin).
    private static let piecesLimit = 1_024

    package func sync() throws(FileSystemError) {
        #if canImport(Glibc)
        let result = fdatasync(descriptor)
        #else
        let result = fcntl(descriptor, F_FULLFSYNC)
        #endif
        guard result == 0 else { throw FileSystemError("sync", path, errno) }
    }
}
