package import NIOCore
internal import NIOPosix
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The addresses of names, looked up anew for each connection, but not more often than `floor`.
///
/// Without a floor a tier whose collector is down asks its name server at every try of every sink. Answers and failures
/// are kept alike.
package final class AddressBook: Sendable {
    /// Addresses of both families in the order in which they are to be tried.
    package typealias Lookup = @Sendable (_ host: String, _ port: Int) throws -> [SocketAddress]

    private struct Entry {
        var askedAt: NIODeadline
        var answer: EventLoopFuture<[SocketAddress]>
    }

    private struct Place: Hashable {
        var host: String
        var port: Int
    }

    /// An answer counts for this long.
    package static let standardFloor = TimeAmount.seconds(5)
    /// Names that are remembered; above it the oldest is forgotten.
    private static let mostNames = 1024

    /// The process's own: name servers are asked for all its clients together.
    package static let shared = AddressBook()

    private let floor: TimeAmount
    private let lookup: Lookup
    private let entries = Mutex<[Place: Entry]>([:])

    /// - Parameter lookup: called on threads that may block.
    package init(floor: TimeAmount = standardFloor, lookup: @escaping Lookup = AddressBook.system) {
        self.floor = floor
        self.lookup = lookup
    }

    /// The addresses of a host; asked for where the last answer is older than the floor.
    func addresses(host: String, port: Int, on loop: any EventLoop) -> EventLoopFuture<[SocketAddress]> {
        let place = Place(host: host, port: port)
        let now = NIODeadline.now()
        return entries.withLock { entries in
            if let entry = entries[place], now - entry.askedAt < floor { return entry.answer.hop(to: loop) }
            if entries.count >= Self.mostNames, let oldest = entries.min(by: { $0.value.askedAt < $1.value.askedAt }) {
                entries[oldest.key] = nil
            }
            let answer = NIOThreadPool.singleton.runIfActive(eventLoop: loop) { [lookup] in try lookup(host, port) }
            entries[place] = Entry(askedAt: now, answer: answer)
            return answer
        }
    }

    /// The system's resolver: RFC 6724 orders what getaddrinfo gives.
    package static func system(host: String, port: Int) throws -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, String(port), &hints, &list)
        defer { if unsafe list != nil { unsafe freeaddrinfo(list) } }
        guard code == 0 else {
            throw RPCError(.cannotConnect, "\(host): \(unsafe String(cString: gai_strerror(code)))")
        }
        var addresses: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            if let address = unsafe address(of: entry.pointee, host: host) { addresses.append(address) }
            unsafe next = entry.pointee.ai_next
        }
        return addresses
    }

    private static func address(of entry: addrinfo, host: String) -> SocketAddress? {
        guard let raw = unsafe UnsafeRawPointer(entry.ai_addr) else { return nil }
        switch unsafe entry.ai_family {
        case AF_INET: return unsafe SocketAddress(raw.loadUnaligned(as: sockaddr_in.self), host: host)
        case AF_INET6: return unsafe SocketAddress(raw.loadUnaligned(as: sockaddr_in6.self), host: host)
        default: return nil
        }
    }
}

/// The book as one connection's bootstrap asks it; the addresses of both families come with one look-up.
struct AddressQuery: Resolver, Sendable {
    let addresses: EventLoopFuture<[SocketAddress]>

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        addresses.map { $0.filter { $0.protocol == .inet } }
    }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        addresses.map { $0.filter { $0.protocol == .inet6 } }
    }

    func cancelQueries() {}
}
