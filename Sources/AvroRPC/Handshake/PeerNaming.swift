internal import NIOCore

/// How Tributary's agents recognise each other, in the `meta` maps that Avro leaves free and Java ignores.
///
/// | where | key | value |
/// |---|---|---|
/// | handshake request | `tributary` | version of this naming, ASCII digits |
/// | handshake response | `tributary` | the same |
/// | | `tributary.process` | 16 bytes: one life of a server process |
/// | | `tributary.acknowledge` | `stored` or `delivered` |
/// | | `tributary.calls`, `tributary.bytes` | what the server holds of one connection, ASCII digits |
/// | call | `tributary.left` | milliseconds that the sender can still wait, `int32` |
/// | | `tributary.crc32c` | CRC32C of all that follows the map, `int32`; without TLS only |
enum PeerNaming {
    static let version = "1"

    enum Key {
        static let name = "tributary"
        static let process = "tributary.process"
        static let acknowledge = "tributary.acknowledge"
        static let calls = "tributary.calls"
        static let bytes = "tributary.bytes"
        static let left = "tributary.left"
        static let checksum = "tributary.crc32c"

        static let all: Set = [name, process, acknowledge, calls, bytes, left, checksum]
        /// Bytes of the shortest and the longest of them.
        static let lengths = name.utf8.count...acknowledge.utf8.count
    }

    static func integer(_ bytes: [UInt8]?) -> Int? {
        bytes.flatMap { Int(String(decoding: $0, as: UTF8.self)) }
    }

    /// A four-byte value of a call's meta; `nil` where it is absent or of another length.
    static func word(_ bytes: [UInt8]?) -> UInt32? {
        guard let bytes, bytes.count == 4 else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    static func bytes(of word: UInt32) -> [UInt8] {
        [
            UInt8(truncatingIfNeeded: word >> 24), UInt8(truncatingIfNeeded: word >> 16),
            UInt8(truncatingIfNeeded: word >> 8), UInt8(truncatingIfNeeded: word),
        ]
    }
}

/// What a server of ours says of itself when our client has named itself.
package struct PeerDescription: Hashable, Sendable {
    /// One life of the server's process: 16 random bytes.
    package var process: [UInt8]
    /// `stored` or `delivered`.
    package var acknowledge: String
    /// Calls that it holds of one connection.
    package var calls: Int
    /// Bytes of them.
    package var bytes: Int

    package init(process: [UInt8], acknowledge: String, calls: Int, bytes: Int) {
        self.process = process
        self.acknowledge = acknowledge
        self.calls = calls
        self.bytes = bytes
    }

    init?(meta: [String: [UInt8]]?) {
        guard let meta, meta[PeerNaming.Key.name] != nil,
            let calls = PeerNaming.integer(meta[PeerNaming.Key.calls]), calls > 0,
            let bytes = PeerNaming.integer(meta[PeerNaming.Key.bytes]), bytes > 0
        else { return nil }
        self.init(
            process: meta[PeerNaming.Key.process] ?? [],
            acknowledge: String(decoding: meta[PeerNaming.Key.acknowledge] ?? [], as: UTF8.self),
            calls: calls,
            bytes: bytes
        )
    }

    var meta: [String: [UInt8]] {
        [
            PeerNaming.Key.name: Array(PeerNaming.version.utf8),
            PeerNaming.Key.process: process,
            PeerNaming.Key.acknowledge: Array(acknowledge.utf8),
            PeerNaming.Key.calls: Array(String(calls).utf8),
            PeerNaming.Key.bytes: Array(String(bytes).utf8),
        ]
    }
}
