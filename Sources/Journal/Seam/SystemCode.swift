#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The few `errno` values that the journal tells apart.
enum SystemCode {
    static let missing = ENOENT
    static let present = EEXIST
    static let inputOutput = EIO
    static let noSpace = ENOSPC

    /// ENOSPC, or EDQUOT where the file system has quotas.
    static func isLackOfSpace(_ code: CInt) -> Bool {
        code == ENOSPC || code == EDQUOT
    }

    static func text(_ code: CInt) -> String {
        unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }
}
