/// The operating system's files, of which nothing is changed: for who looks at a queue that nobody runs.
struct ReadOnlyFileSystem: JournalFileSystem {
    private let local = LocalFileSystem()

    func makeDirectory(_ path: String) throws(FileSystemError) { throw refused("make directory", path) }
    func names(in directory: String) throws(FileSystemError) -> [String] { try local.names(in: directory) }
    func create(_ path: String) throws(FileSystemError) -> LocalFile { throw refused("create", path) }
    func open(_ path: String) throws(FileSystemError) -> LocalFile { try local.openToRead(path) }
    func rename(_ path: String, to newPath: String) throws(FileSystemError) { throw refused("rename", path) }
    func remove(_ path: String) throws(FileSystemError) { throw refused("remove", path) }
    func syncDirectory(_ path: String) throws(FileSystemError) { try local.syncDirectory(path) }
    func freeBytes(in directory: String) throws(FileSystemError) -> Int { try local.freeBytes(in: directory) }
    /// Shares the lock with other readers; the holder's text stays as it is.
    func lock(_ path: String, holder: String) throws(FileSystemError) -> LockAnswer<LocalLock> {
        try LocalLock.share(path)
    }
    func now() -> UInt64 { local.now() }
    func random() -> UInt64 { local.random() }

    private func refused(_ operation: String, _ path: String) -> FileSystemError {
        FileSystemError(operation, path, SystemCode.readOnly)
    }
}
