import Foundation
import Journal
import Synchronization

/// The machine's own disk, which stops answering syncs when it is told to, and a clock that a test sets forward.
struct HangingFileSystem: JournalFileSystem {
    final class File: JournalFile {
        private let file: LocalFile
        private let gate: Gate

        init(_ file: LocalFile, _ gate: Gate) {
            self.file = file
            self.gate = gate
        }

        func size() throws(FileSystemError) -> Int { try file.size() }
        func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileSystemError) -> Int {
            try file.read(into: buffer, at: offset)
        }
        func write(_ pieces: ArraySlice<UnsafeRawBufferPointer>, at offset: Int) throws(FileSystemError) -> Int {
            try file.write(pieces, at: offset)
        }
        func sync() throws(FileSystemError) {
            gate.pass()
            try file.sync()
        }
    }

    /// Where syncs wait while it is shut. The condition guards `isShut`, hence `@unchecked Sendable`.
    final class Gate: @unchecked Sendable {
        private let condition = NSCondition()
        private var isShut = false

        func set(shut: Bool) {
            condition.withLock { isShut = shut }
            condition.broadcast()
        }

        func pass() {
            condition.withLock { while isShut { condition.wait() } }
        }
    }

    /// Nanoseconds by which it is ahead.
    final class Clock: Sendable {
        private let ahead = Mutex<UInt64>(0)

        func advance(by nanoseconds: UInt64) { ahead.withLock { $0 += nanoseconds } }
        var now: UInt64 { LocalFileSystem().now() + ahead.withLock { $0 } }
    }

    let gate = Gate()
    let clock = Clock()
    private let local = LocalFileSystem()

    func makeDirectory(_ path: String) throws(FileSystemError) { try local.makeDirectory(path) }
    func names(in directory: String) throws(FileSystemError) -> [String] { try local.names(in: directory) }
    func create(_ path: String) throws(FileSystemError) -> File { File(try local.create(path), gate) }
    func open(_ path: String) throws(FileSystemError) -> File { File(try local.open(path), gate) }
    func rename(_ path: String, to newPath: String) throws(FileSystemError) { try local.rename(path, to: newPath) }
    func remove(_ path: String) throws(FileSystemError) { try local.remove(path) }
    func syncDirectory(_ path: String) throws(FileSystemError) { try local.syncDirectory(path) }
    func freeBytes(in directory: String) throws(FileSystemError) -> Int { try local.freeBytes(in: directory) }
    func lock(_ path: String, holder: String) throws(FileSystemError) -> LockAnswer<LocalLock> {
        try local.lock(path, holder: holder)
    }
    func now() -> UInt64 { clock.now }
    func random() -> UInt64 { local.random() }
}
