#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The kernel's list of locks, where there is one: `/proc/locks` (proc(5)), a line each,
///
///     1: FLOCK  ADVISORY  READ 4242 fe:00:131 0 EOF
enum LockTable {
    /// Larger ones are not looked through.
    private static let largest = 1 << 20

    /// A process that shares a `flock` on a file; `nil` where none is to be found, as when it is in another container.
    static func reader(of file: stat) -> Int32? {
        let place = device(UInt64(truncatingIfNeeded: file.st_dev)) + ":\(file.st_ino)"
        for line in text().split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 6, words[1] == "FLOCK", words[3] == "READ", words[5] == place,
                let process = Int32(words[4]), process > 0
            else { continue }
            return process
        }
        return nil
    }

    /// Major and minor number as the list has them.
    private static func device(_ number: UInt64) -> String {
        let major = (number >> 8 & 0xFFF) | (number >> 32 & ~0xFFF)
        let minor = (number & 0xFF) | (number >> 12 & 0xFFFF_FF00)
        return [major, minor].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }

    private static func text() -> String {
        let descriptor = unsafe open("/proc/locks", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { _ = close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4_096)
        while bytes.count < largest {
            let count = unsafe read(descriptor, &piece, piece.count)
            guard count > 0 else { break }
            bytes += piece.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
