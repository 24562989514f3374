#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A `flock` on a file: exclusive, and then the file tells who has it, or shared among readers. Gone with the process,
/// however that ends.
package final class LocalLock: Sendable {
    /// What a holder may have written at most, in bytes.
    private static let textLimit = 512

    private let descriptor: CInt

    private init(descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit {
        // Closing alone would not do while a child between fork and exec has the descriptor too.
        _ = flock(descriptor, LOCK_UN)
        _ = close(descriptor)
    }

    static func take(_ path: String, holder: String) throws(FileSystemError) -> LockAnswer<LocalLock> {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw FileSystemError("lock", path, errno) }
        let lock = LocalLock(descriptor: descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw FileSystemError("lock", path, errno) }
            return .taken(by: lock.owner())
        }
        // The text only serves a message: where it cannot be written (a full disk), the lock holds all the same.
        let text = Array((holder + "\n").utf8.prefix(textLimit))
        if ftruncate(descriptor, 0) == 0 { _ = unsafe pwrite(descriptor, text, text.count, 0) }
        return .held(lock)
    }

    /// Shares the lock with others who only read, and writes nothing; throws where there is no such file.
    static func share(_ path: String) throws(FileSystemError) -> LockAnswer<LocalLock> {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileSystemError("lock", path, errno) }
        let lock = LocalLock(descriptor: descriptor)
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw FileSystemError("lock", path, errno) }
            return .taken(by: lock.text())
        }
        return .held(lock)
    }

    /// Who keeps this one from being exclusive. Readers write no text: what stands there is an earlier owner's.
    private func owner() -> String {
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return text() }
        // Given back, or the kernel's list would name this process too.
        _ = flock(descriptor, LOCK_UN)
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, let reader = LockTable.reader(of: status) else {
            return "`tributary journal`, which reads it"
        }
        return "`tributary journal` (process \(reader)), which reads it"
    }

    private func text() -> String {
        var bytes = [UInt8](repeating: 0, count: Self.textLimit)
        let count = unsafe pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return "" }
        return String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
