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

    /// A serial may have any value, so that the number behind it is looked at as well. Where TLS has it (a record's length,
    /// then its message's type and length) stands 65,536 at least, a hello of 256 bytes; a compressed block's bits are more;
    /// a stored block (level 0) of 255 bytes shows the complement of its length, `00 00 ff`: the least of all.
    init(_ bytes: [UInt8], frameBuffers: Int) {
        let isZlib = bytes.count >= 2 && Self.isZlibHeader(bytes[0], bytes[1])
        let isTLS = bytes.count >= 2 && (bytes[0] == 0x16 || bytes[0] == 0x15) && bytes[1] == 3
        let limit = isZlib || isTLS ? min(frameBuffers, Self.leastStored - 1) : frameBuffers
        if isZlib, bytes[2...].elementsEqual(Self.emptyStream) {
            self = .zlib
        } else if bytes.count >= Self.length, Self.count(bytes) > 0, Self.count(bytes) <= limit {
            self = .frame
        } else if isZlib {
            self = .zlib
        } else {
            self = isTLS ? .tls : .other
        }
    }

    private static let leastStored = 0xff00
    /// A stream that holds nothing, as a Java client that never sent anything closes: as a frame it would have a serial of
    /// two thousand million, and Java's first is 1.
    private static let emptyStream: [UInt8] = [0x03, 0, 0, 0, 0, 0x01]

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
