#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Bytes under a path that only this process has (memfd_create(2)).
struct MemoryFile {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func use(_ body: (String) throws -> Void) throws {
        let file = memfd_create("store", UInt32(MFD_CLOEXEC))
        guard file >= 0, write(file, bytes, bytes.count) == bytes.count else { throw Violation("no file in memory") }
        defer { close(file) }
        try body("/proc/self/fd/\(file)")
    }
}
