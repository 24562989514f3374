internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The operating system's reasons in an operator's words.
package enum SystemReason {
    /// Why a call failed, in a few words.
    package static func of(_ error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        return text(of: error.errnoCode)
    }

    /// The text of an `errno`.
    package static func text(of code: CInt) -> String {
        unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }

    /// What to do about it, where that is known.
    package static func advice(for error: any Error) -> String? {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE: "another process has the port (`ss -ltnp` shows which); stop it or choose another port"
        case EACCES: "ports below 1024 need CAP_NET_BIND_SERVICE or root"
        case EADDRNOTAVAIL: "no interface of this machine has that address"
        default: nil
        }
    }
}
