import NIOCore
import NIOEmbedded

@testable import AvroRPC

/// The inflating layer: it gives what zlib alone makes of a stream, in pieces of bounded size and never above its limit,
/// whatever the reads; and what the deflating layer makes of any bytes inflates to these.
enum DeflateSubject {
    /// Bytes that one read may become; small, so that short inputs reach it.
    private static let tight = 64 << 10

    static func check(_ bytes: [UInt8]) throws {
        let plain = try PlainInflate(bytes)
        for limit in [16 << 20, tight] {
            for pieces in Pieces.allCases where pieces != .bytes || bytes.count <= 2_000 {
                let connection = try InflatedConnection(limit: limit)
                connection.receive(pieces.cut(bytes))
                try compare(connection.result, plain, limit)
            }
        }
        try layersAreFound(bytes)
        try roundTrip(bytes)
    }

    private static func compare(_ ours: InflatedConnection.Result, _ plain: PlainInflate, _ limit: Int) throws {
        try require(ours.longestPiece <= InflateHandler.pieceBytes, "a piece of \(ours.longestPiece) bytes")
        let isPrefix = plain.output.starts(with: ours.output)
        try require(isPrefix, "\(ours.output.count) bytes that zlib does not give")
        switch ours.failure {
        case .inflatedBytes?:
            try require(
                plain.output.count > limit || plain.end == .cut,
                "\(plain.output.count) bytes are over \(limit)"
            )
        case .deflate?:
            try require(plain.end == .damaged || plain.end == .followed, "a stream in order is refused")
        case nil where ours.isClosed:
            try require(plain.end == .whole || plain.end == .followed, "closed before the stream's end")
            try require(ours.output == plain.output, "\(ours.output.count) bytes of \(plain.output.count)")
        case nil:
            try require(plain.end == .waiting || plain.end == .cut, "a stream that is \(plain.end) goes on")
            try require(plain.end == .cut || ours.output == plain.output, "bytes are kept back")
        case let other?:
            throw Violation("failed with \(other)")
        }
    }

    /// A server that finds out what comes: as it stands, or inflated.
    private static func layersAreFound(_ bytes: [UInt8]) throws {
        let plain = try PlainInflate(bytes)
        let connection = try InflatedConnection(detecting: tight)
        connection.receive(Pieces.drawn.cut(bytes))
        let output = connection.result.output
        try require(
            bytes.starts(with: output) || plain.output.starts(with: output),
            "what comes out of the layers is neither the stream nor what is in it"
        )
    }

    private static func roundTrip(_ bytes: [UInt8]) throws {
        guard let deflater = Deflater(level: bytes.count % 10, memoryLevel: 1 + Int32(bytes.count % 9)) else {
            throw Violation("zlib does not start")
        }
        var (input, output) = (ByteBuffer(bytes: bytes), ByteBuffer())
        while deflater.run(&input, .sync, into: &output, room: 1024) {}
        let again = try PlainInflate(Array(output.readableBytesView))
        try require(again.end == .waiting && again.output == bytes, "what was deflated inflates to something else")
    }
}
