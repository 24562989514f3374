/// Avro's binary form and Flume's messages, written plainly from the specification.
enum Plain {
    /// MD5 of the protocol text of Flume 1.9 to 1.11, of Flume after 1.11.0, and of the text without its comment.
    static let released = hex("86aadae2c45474c0fe93ffd0f2350a65")
    static let trunk = hex("8076c53714e01f6e2c1deb9544e7b1fe")
    static let bare = hex("30da54059df72d9584b867d5202e2069")
    static let stranger = hex("000102030405060708090a0b0c0d0e0f")

    static func long(_ value: Int64) -> [UInt8] {
        var rest = UInt64(bitPattern: (value << 1) ^ (value >> 63))
        var bytes: [UInt8] = []
        while rest > 0x7f {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func bytes(_ value: [UInt8]) -> [UInt8] { long(Int64(value.count)) + value }
    static func string(_ value: String) -> [UInt8] { bytes(Array(value.utf8)) }

    static func map(_ entries: [(String, [UInt8])]) -> [UInt8] {
        guard !entries.isEmpty else { return [0] }
        return long(Int64(entries.count)) + entries.flatMap { string($0.0) + bytes($0.1) } + [0]
    }

    static func event(_ headers: [(String, String)] = [], _ body: String) -> [UInt8] {
        map(headers.map { ($0.0, Array($0.1.utf8)) }) + string(body)
    }

    static func array(_ events: [[UInt8]]) -> [UInt8] {
        events.isEmpty ? [0] : long(Int64(events.count)) + events.flatMap { $0 } + [0]
    }

    /// A handshake request; `meta` `nil` is the union's null, empty is what Java sends.
    static func handshake(
        _ client: [UInt8] = trunk,
        text: String? = nil,
        _ server: [UInt8] = trunk,
        meta: [(String, [UInt8])]? = []
    ) -> [UInt8] {
        client + (text.map { [2] + string($0) } ?? [0]) + server + (meta.map { [2] + map($0) } ?? [0])
    }

    /// Meta and name of a call.
    static func call(_ name: String, meta: [(String, [UInt8])] = []) -> [UInt8] { map(meta) + string(name) }

    static let ping: [UInt8] = [0, 0]
    static let append: [UInt8] = call("append") + event([("host", "a")], "hello")
    static let batch: [UInt8] = call("appendBatch") + array([event([("host", "a")], "a"), event([], "")])

    /// The handshake of a peer of ours.
    static let naming: [(String, [UInt8])] = [("tributary", Array("1".utf8))]

    static let ok: [UInt8] = [0, 0, 0]
    static let failed: [UInt8] = [0, 0, 2]
    static let unknown: [UInt8] = [0, 0, 4]
    static let both: [UInt8] = [0, 0, 0, 0]

    static func error(_ text: String) -> [UInt8] { [0, 1, 0] + string(text) }

    /// What an error reply begins with, whatever its text.
    static let errorStart: [UInt8] = [0, 1, 0]
}
