internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The operating system's reasons in an operator's words: "Address already in use", without the names of calls.
package enum SystemReason {
    /// Why a call or a connection failed, in a few words.
    package static func of(_ error: any Error) -> String {
        switch error {
        case let error as IOError: text(of: error.errnoCode)
        case let error as NIOConnectionError: of(error)
        case is SocketAddressError, is SocketAddressError.UnknownHost: "the name does not resolve"
        case ChannelError.connectTimeout: "no answer in time"
        default: "\(error)"
        }
    }

    /// The reasons of all the addresses of a name, each once.
    private static func of(_ error: NIOConnectionError) -> String {
        var reasons: [String] = []
        for failure in error.connectionErrors {
            let reason = of(failure.error)
            if !reasons.contains(reason) { reasons.append(reason) }
        }
        return reasons.isEmpty ? "the name does not resolve" : reasons.joined(separator: "; ")
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

    /// This machine has no such address family.
    package static func isMissingFamily(_ code: CInt) -> Bool {
        code == EAFNOSUPPORT || code == EADDRNOTAVAIL
    }
}
