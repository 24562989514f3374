/// What a stream of bytes is, as far as its first eight bytes tell.
enum StreamStart: Hashable {
    /// An Avro RPC frame: any serial, then a number of buffers that a frame may have.
    case frame
    /// A zlib stream: two bytes whose check holds (RFC 1950, 2.2).
    case zlib
    /// A TLS record of a handshake or an alert (RFC 8446, 5.1).
    case tls
    case other

    /// Enough to tell them apart: no peer's first message is shorter.
    static let length = 8

    /// A serial may have any value, so that the number behind it is looked at first: what zlib or TLS have there is over
    /// 65,535 (a block's bits, a record's length and its message's).
    init(_ bytes: [UInt8], frameBuffers: Int) {
        if bytes.count >= Self.length, (1...frameBuffers).contains(Self.count(bytes)) {
            self = .frame
        } else if bytes.count >= 2, Self.isZlibHeader(bytes[0], bytes[1]) {
            self = .zlib
        } else if bytes.count >= 2, bytes[0] == 0x16 || bytes[0] == 0x15, bytes[1] == 3 {
            self = .tls
        } else {
            self = .other
        }
    }

    private static func count(_ bytes: [UInt8]) -> Int { bytes[4..<8].reduce(0) { $0 << 8 | Int($1) } }

    /// CM 8, a window of at most 32 KiB, and a check that makes the word a multiple of 31.
    private static func isZlibHeader(_ cmf: UInt8, _ flg: UInt8) -> Bool {
        cmf & 0x0f == 8 && cmf >> 4 <= 7 && (Int(cmf) << 8 | Int(flg)) % 31 == 0
    }

    var text: String {
        switch self {
        case .frame: "an Avro RPC frame, not compressed"
        case .zlib: "a compressed stream"
        case .tls: "TLS"
        case .other: "neither Avro RPC, TLS nor a compressed stream"
        }
    }

    /// Bytes for a message.
    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
}
