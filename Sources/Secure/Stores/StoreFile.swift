import COpenSSL

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// The bytes of a store and what they are by content.
struct StoreFile {
    enum Content {
        case pem
        case der
        /// `fe ed fe ed` (sun.security.provider.JavaKeyStore).
        case jks
        /// `ce ce ce ce` (com.sun.crypto.provider.JceKeyStore).
        case jceks
        case unknown
    }

    /// A system's CA bundle is a quarter of a megabyte; what is larger than this is no store.
    static let limit = 64 << 20

    let path: String
    let bytes: [UInt8]

    init(path: String) throws(TLSError) {
        self.path = path
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unreadable(path, errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Self.unreadable(path, errno) }
            guard count > 0 else { break }
            bytes += chunk[..<count]
            guard bytes.count <= Self.limit else {
                throw TLSError(.unusableStore, "\(path) is no key or trust store: it is larger than 64 MiB")
            }
        }
        self.bytes = bytes
    }

    var content: Content {
        switch self.bytes.prefix(4) {
        case [0xFE, 0xED, 0xFE, 0xED]: .jks
        case [0xCE, 0xCE, 0xCE, 0xCE]: .jceks
        default:
            // A DER sequence (X.690, 8.9): 0x30 and, for anything as long as a store, a length in the long form.
            if self.bytes.count > 2 && self.bytes[0] == 0x30 && self.bytes[1] >= 0x80 {
                .der
            } else if self.contains("-----BEGIN ") {
                .pem
            } else {
                .unknown
            }
        }
    }

    /// Whether the file's one DER sequence says that it is longer than the file.
    var isCutDER: Bool {
        guard self.bytes.count > 2, self.bytes[0] == 0x30, self.bytes[1] > 0x80 else { return false }
        let width = Int(self.bytes[1] & 0x7F)
        guard width <= 4, self.bytes.count >= 2 + width else { return false }
        return self.bytes[2..<2 + width].reduce(0) { $0 << 8 | Int($1) } > self.bytes.count - 2 - width
    }

    private func contains(_ text: StaticString) -> Bool {
        let pattern = unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard self.bytes.count >= pattern.count else { return false }
        return (0...self.bytes.count - pattern.count).contains { start in
            unsafe self.bytes[start] == pattern[0] && self.bytes[start..<start + pattern.count].elementsEqual(pattern)
        }
    }

    private static func unreadable(_ path: String, _ number: Int32) -> TLSError {
        let reason = unsafe String(cString: strerror(number))
        return TLSError(.unreadableFile, "cannot read the store \(path): \(reason) (errno \(number))")
    }
}
