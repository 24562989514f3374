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
    static let readOnly = EROFS

    /// A full disk or quota; or too many open files, or no memory, which pass as well.
    static func isLackOfSpace(_ code: CInt) -> Bool {
        [ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM].contains(code)
    }

    static func text(_ code: CInt) -> String {
        unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }
}
