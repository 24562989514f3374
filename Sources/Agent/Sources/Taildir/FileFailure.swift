internal import AvroRPC

#if canImport(Glibc)
internal import Glibc
#endif

/// Why a file could not be read, or not be written.
enum FileFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kernel refused, with this `errno`.
    case system(CInt)
    /// A gzip file that was whole is damaged now.
    case damagedGzip

    var description: String {
        switch self {
        case .system(let code): SystemReason.text(of: code)
        case .damagedGzip: "its gzip data is damaged"
        }
    }

    /// Whether there is no such file.
    var isAbsence: Bool { self == .system(ENOENT) || self == .system(ENOTDIR) }
}
