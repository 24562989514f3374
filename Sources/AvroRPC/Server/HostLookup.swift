internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Names of addresses and addresses of names, asked of the system; blocks.
enum HostLookup {
    static func facts(_ address: SocketAddress) -> AddressRules.Facts? {
        let text = address.javaText
        return AddressRules.Facts(
            name: name(of: address) ?? text,
            isLocal: ownName().flatMap { addresses(of: $0).first } == text
        )
    }

    /// The name that a reverse look-up gives, if the name in turn has this address (as Java's InetAddress asks: whoever
    /// owns an address may call it as he likes).
    private static func name(of address: SocketAddress) -> String? {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let status = unsafe address.withSockAddr { pointer, length in
            unsafe getnameinfo(pointer, socklen_t(length), &host, socklen_t(host.count), nil, 0, NI_NAMEREQD)
        }
        guard status == 0 else { return nil }
        let name = text(host)
        return addresses(of: name).contains(address.javaText) ? name : nil
    }

    private static func ownName() -> String? {
        var host = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&host, host.count - 1) == 0 else { return nil }
        return text(host)
    }

    private static func addresses(of name: String) -> [String] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
        defer { unsafe freeaddrinfo(list) }
        var found: [String] = []
        var next = unsafe list
        while let entry = unsafe next {
            if let address = unsafe entry.pointee.ai_addr {
                let length = unsafe entry.pointee.ai_addrlen
                if unsafe entry.pointee.ai_family == AF_INET, length >= MemoryLayout<sockaddr_in>.size {
                    let value = unsafe address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                        unsafe $0.pointee
                    }
                    found.append(SocketAddress(value).javaText)
                } else if unsafe entry.pointee.ai_family == AF_INET6, length >= MemoryLayout<sockaddr_in6>.size {
                    let value = unsafe address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                        unsafe $0.pointee
                    }
                    found.append(SocketAddress(value).javaText)
                }
            }
            unsafe next = unsafe entry.pointee.ai_next
        }
        return found
    }

    private static func text(_ bytes: [CChar]) -> String {
        String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension SocketAddress {
    /// The address as Java's InetAddress.getHostAddress writes it: IPv6 as eight groups without leading zeros and never
    /// shortened, with `%` and the scope's number where there is one; an IPv4 address in IPv6's clothes as IPv4.
    var javaText: String {
        guard case .v6 = self else { return ipAddress ?? "" }
        // sockaddr_in6 (netinet/in.h): family and port 4 bytes, flow 4, address 16, scope 4 in the machine's order.
        let (bytes, scope) = unsafe withSockAddr { pointer, length -> ([UInt8], UInt32) in
            let raw = unsafe UnsafeRawBufferPointer(start: pointer, count: length)
            guard raw.count >= 28 else { return ([UInt8](repeating: 0, count: 16), 0) }
            return unsafe (Array(raw[8..<24]), raw.loadUnaligned(fromByteOffset: 24, as: UInt32.self))
        }
        if bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xff, bytes[11] == 0xff {
            return bytes.suffix(4).map { String($0) }.joined(separator: ".")
        }
        let groups = stride(from: 0, to: 16, by: 2).map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
        return groups.joined(separator: ":") + (scope == 0 ? "" : "%\(scope)")
    }
}
