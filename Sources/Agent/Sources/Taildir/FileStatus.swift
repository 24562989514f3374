#if canImport(Glibc)
internal import Glibc
#endif

/// What the kernel says of a file.
struct FileStatus: Hashable, Sendable {
    var key: FileKey
    var size: UInt64
    /// Nanoseconds since 1970.
    var modified: Int64
    /// Names that it has; 0 when it is deleted and only open.
    var links: UInt64
    var isRegular: Bool
    var isFolder: Bool

    private init(_ status: stat) {
        key = FileKey(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        size = UInt64(max(0, status.st_size))
        modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        links = UInt64(status.st_nlink)
        isRegular = status.st_mode & S_IFMT == S_IFREG
        isFolder = status.st_mode & S_IFMT == S_IFDIR
    }

    /// Of the file that a path leads to, through links.
    static func of(_ path: String) throws(FileFailure) -> FileStatus {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw FileFailure.system(errno) }
        return FileStatus(status)
    }

    static func of(_ descriptor: CInt) throws(FileFailure) -> FileStatus {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw FileFailure.system(errno) }
        return FileStatus(status)
    }
}
