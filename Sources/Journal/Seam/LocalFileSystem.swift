#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The operating system's files.
package struct LocalFileSystem: JournalFileSystem {
    package typealias File = LocalFile
    package typealias Lock = LocalLock

    package init() {}

    package func makeDirectory(_ path: String) throws(FileSystemError) {
        if unsafe mkdir(path, 0o755) == 0 {
            let parent = Self.parent(of: path)
            return try syncDirectory(parent)
        }
        switch errno {
        case EEXIST:
            var status = stat()
            guard unsafe stat(path, &status) == 0 else { throw FileSystemError("open directory", path, errno) }
            guard status.st_mode & S_IFMT == S_IFDIR else { throw FileSystemError("open directory", path, ENOTDIR) }
        case ENOENT:
            let parent = Self.parent(of: path)
            guard parent != path else { throw FileSystemError("make directory", path, ENOENT) }
            try makeDirectory(parent)
            guard unsafe mkdir(path, 0o755) == 0 || errno == EEXIST else {
                throw FileSystemError("make directory", path, errno)
            }
            try syncDirectory(parent)
        default:
            throw FileSystemError("make directory", path, errno)
        }
    }

    static func parent(of path: String) -> String {
        let trimmed = path.utf8.reversed().drop { $0 == UInt8(ascii: "/") }
        let rest = trimmed.drop { $0 != UInt8(ascii: "/") }.drop { $0 == UInt8(ascii: "/") }
        if rest.isEmpty { return path.utf8.first == UInt8(ascii: "/") ? "/" : "." }
        return String(decoding: rest.reversed(), as: UTF8.self)
    }

    package func names(in directory: String) throws(FileSystemError) -> [String] {
        guard let stream = unsafe opendir(directory) else { throw FileSystemError("list", directory, errno) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw FileSystemError("list", directory, errno) }
        return names
    }

    package func create(_ path: String) throws(FileSystemError) -> LocalFile {
        try open("create", path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC)
    }

    package func open(_ path: String) throws(FileSystemError) -> LocalFile {
        try open("open", path, O_RDWR | O_CLOEXEC)
    }

    /// Opens a file that is not to be changed.
    func openToRead(_ path: String) throws(FileSystemError) -> LocalFile {
        try open("open", path, O_RDONLY | O_CLOEXEC)
    }

    private func open(_ operation: String, _ path: String, _ flags: CInt) throws(FileSystemError) -> LocalFile {
        // What is queued may be confidential: for the agent's user and group only.
        let descriptor = openFile(path, flags, 0o640)
        guard descriptor >= 0 else { throw FileSystemError(operation, path, errno) }
        return LocalFile(descriptor: descriptor, path: path)
    }

    package func rename(_ path: String, to newPath: String) throws(FileSystemError) {
        guard renameFile(path, newPath) == 0 else { throw FileSystemError("rename", path, errno) }
    }

    package func remove(_ path: String) throws(FileSystemError) {
        guard unsafe unlink(path) == 0 else { throw FileSystemError("remove", path, errno) }
    }

    package func syncDirectory(_ path: String) throws(FileSystemError) {
        let descriptor = openFile(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw FileSystemError("open directory", path, errno) }
        defer { _ = close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileSystemError("sync directory", path, errno) }
    }

    package func freeBytes(in directory: String) throws(FileSystemError) -> Int {
        var status = statvfs()
        guard unsafe statvfs(directory, &status) == 0 else { throw FileSystemError("free space of", directory, errno) }
        return Int(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
        )
    }

    package func lock(_ path: String, holder: String) throws(FileSystemError) -> LockAnswer<LocalLock> {
        try LocalLock.take(path, holder: holder)
    }

    package func now() -> UInt64 {
        MonotonicClock.nanoseconds()
    }

    package func random() -> UInt64 {
        UInt64.random(in: 0...UInt64.max)
    }
}

// The C functions under names that the methods above do not hide.
private func openFile(_ path: String, _ flags: CInt, _ mode: mode_t) -> CInt {
    unsafe open(path, flags, mode)
}

private func renameFile(_ path: String, _ newPath: String) -> CInt {
    unsafe rename(path, newPath)
}
