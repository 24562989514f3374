/// What the journal asks of the operating system: the one place where tests put a disk that forgets, tears and fails.
///
/// The journal is generic over it, so the real one costs no dynamic call that a compiler cannot see through.
package protocol JournalFileSystem: Sendable {
    associatedtype File: JournalFile
    /// A lock on a file, given back when the last reference goes or the process ends.
    associatedtype Lock: Sendable

    /// Makes a directory with its parents where it is not there yet, and makes the new entries durable.
    func makeDirectory(_ path: String) throws(FileSystemError)
    /// Names in a directory, in any order.
    func names(in directory: String) throws(FileSystemError) -> [String]
    /// Makes a file that must not be there yet.
    func create(_ path: String) throws(FileSystemError) -> File
    /// Opens a file for reading and writing.
    func open(_ path: String) throws(FileSystemError) -> File
    /// Renames within one directory, replacing what has the new name.
    func rename(_ path: String, to newPath: String) throws(FileSystemError)
    func remove(_ path: String) throws(FileSystemError)
    /// Returns once every create, rename and remove in the directory is on stable storage.
    func syncDirectory(_ path: String) throws(FileSystemError)
    /// Bytes that may still be written below this directory.
    func freeBytes(in directory: String) throws(FileSystemError) -> Int
    /// Takes the lock file without waiting and writes `holder` into it; where another holds it, says who: what that one
    /// wrote, or that somebody reads.
    func lock(_ path: String, holder: String) throws(FileSystemError) -> LockAnswer<Lock>
    /// Nanoseconds on a clock that only rises.
    func now() -> UInt64
    /// Random bits, for names that never come twice.
    func random() -> UInt64
}

/// Whether a lock was to be had.
package enum LockAnswer<Lock: Sendable>: Sendable {
    case held(Lock)
    /// Another process, or another queue of this one, has it; the text is its name, empty where that is not known.
    case taken(by: String)
}
