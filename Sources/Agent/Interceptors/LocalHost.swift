internal import AvroRPC
#if canImport(Glibc)
internal import Glibc
#endif

/// What this machine is called, as Java's `InetAddress.getLocalHost` finds it.
package enum LocalHost {
    /// Why the machine's name leads nowhere.
    package struct LookupError: Error, CustomStringConvertible {
        package let description: String
    }

    /// The address that the machine's name resolves to, IPv4 first as in Java, or the full name of that address. Blocks for
    /// as long as the resolver takes.
    package static func look(address: Bool) throws(LookupError) -> String {
        let name = try hostName()
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(name, nil, &hints, &list)
        defer { unsafe freeaddrinfo(list) }
        guard code == 0, let first = unsafe list else {
            throw LookupError(description: "\(name): \(unsafe String(cString: gai_strerror(code)))")
        }
        var chosen = unsafe first
        var next: UnsafeMutablePointer<addrinfo>? = unsafe first
        while let entry = unsafe next {
            if unsafe entry.pointee.ai_family == AF_INET {
                unsafe chosen = entry
                break
            }
            unsafe next = entry.pointee.ai_next
        }
        return try unsafe text(of: chosen, name: name, address: address)
    }

    /// The machine's name as it is, without asking the resolver.
    package static func hostName() throws(LookupError) -> String {
        // HOST_NAME_MAX is 64 on Linux.
        var bytes = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&bytes, bytes.count - 1) == 0 else {
            throw LookupError(description: "gethostname: \(SystemReason.text(of: errno))")
        }
        return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func text(
        of entry: UnsafeMutablePointer<addrinfo>,
        name: String,
        address: Bool
    ) throws(LookupError) -> String {
        var bytes = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = unsafe getnameinfo(
            entry.pointee.ai_addr,
            entry.pointee.ai_addrlen,
            &bytes,
            socklen_t(bytes.count),
            nil,
            0,
            address ? NI_NUMERICHOST : 0
        )
        guard code == 0 else {
            throw LookupError(description: "\(name): \(unsafe String(cString: gai_strerror(code)))")
        }
        return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
