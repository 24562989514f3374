import Glibc

/// A blocking TCP client of 127.0.0.1 that sends and reads bytes as they are.
final class RawClient {
    struct Failure: Error {
        let call: String
        let code = errno
    }

    private let descriptor: Int32

    /// - Parameter receiveBuffer: bytes that the kernel keeps for a client that does not read.
    init(port: Int, receiveBuffer: Int32? = nil, timeout: Int = 20) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(call: "socket") }
        var limit = timeval(tv_sec: timeout, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            close(descriptor)
            throw Failure(call: "connect")
        }
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(call: "send") }
            sent += count
        }
    }

    /// The next bytes; nil at the end of the stream or when the server cut it.
    func read() throws -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count == 0 || (count < 0 && errno == ECONNRESET) { return nil }
        guard count > 0 else { throw Failure(call: "recv") }
        return Array(buffer[..<count])
    }

    /// All until the server closes.
    func readAll() throws -> String {
        var bytes: [UInt8] = []
        while let more = try read() { bytes += more }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads until what came ends in `end`.
    func read(through end: String) throws -> String {
        var text = ""
        while !text.hasSuffix(end) {
            guard let more = try read() else { return text }
            text += String(decoding: more, as: UTF8.self)
        }
        return text
    }
}
