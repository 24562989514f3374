internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A network or file error as an operator reads it: "Address already in use", without the names of calls.
struct SystemErrorText: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    init(errno code: Int32) {
        description = SystemReason.text(of: code)
    }

    static func describe(_ error: any Error) -> String {
        switch error {
        case let error as IOError: SystemReason.of(error)
        case let error as NIOConnectionError: describe(error)
        case is SocketAddressError: "the name does not resolve"
        case ChannelError.connectTimeout: "no answer"
        default: "\(error)"
        }
    }

    private static func describe(_ error: NIOConnectionError) -> String {
        if let failure = error.connectionErrors.first { return describe(failure.error) }
        return "the name does not resolve"
    }

    /// This machine has no such address family.
    static func isMissingFamily(_ code: Int32) -> Bool {
        code == EAFNOSUPPORT || code == EADDRNOTAVAIL
    }
}
