internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// This machine's names, for `%[localhost]`, `%[IP]` and `%[FQDN]`.
struct LocalHost: Sendable {
    enum Name: String {
        case localhost
        case ip
        case fqdn
    }

    private var names: [Name: String] = [:]

    /// Looks the names up once; may ask the resolver.
    init() {
        var buffer = [CChar](repeating: 0, count: 256)
        unsafe gethostname(&buffer, buffer.count - 1)
        let end = buffer.firstIndex(of: 0) ?? buffer.endIndex
        let host = String(decoding: buffer[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        names[.localhost] = host
        names[.ip] = (try? SocketAddress.makeAddressResolvingHost(host, port: 0))?.ipAddress ?? "127.0.0.1"
        names[.fqdn] = Self.canonicalName(host) ?? host
    }

    subscript(name: Name) -> String { names[name] ?? "" }

    private static func canonicalName(_ host: String) -> String? {
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = AI_CANONNAME
        var result: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &result) == 0, let result = unsafe result else { return nil }
        defer { unsafe freeaddrinfo(result) }
        guard let name = unsafe result.pointee.ai_canonname else { return nil }
        return unsafe String(cString: name)
    }
}
