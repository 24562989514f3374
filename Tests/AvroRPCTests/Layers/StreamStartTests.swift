import TestSupport
import Testing

@testable import AvroRPC

@Suite struct StreamStartTests {
    private static func start(_ bytes: [UInt8]) -> StreamStart { StreamStart(bytes, frameBuffers: 65_536) }

    @Test(
        arguments: [
            (hex("00000001 00000002"), .frame),
            // Serials that look like something else: the count decides.
            (hex("789c6260 00000001"), .frame), (hex("16030102 00010000"), .tls),
            (hex("78010000 0000feff"), .frame), (hex("78010000 0000ff00"), .zlib), (hex("fffffffb 0000ffff"), .frame),
            (hex("00000001 00000000"), .other), (hex("00000001 00010001"), .other), (hex("00000001 ffffffff"), .other),
            (hex("789c6260 60606460"), .zlib), (hex("78016260 60606460"), .zlib), (hex("78da6260 60606460"), .zlib),
            (hex("785e6260 60606460"), .zlib),
            // A smaller window, and the check off by one.
            (hex("58856260 60606460"), .zlib), (hex("789d6260 60606460"), .other), (hex("799c6260 60606460"), .other),
            (hex("889c6260 60606460"), .other),
            (hex("16030100 f0010000"), .tls), (hex("16030100 00000002"), .frame), (hex("15030300 02020a00"), .tls),
            (hex("16020100 f0010000"), .other),
            (Array("GET / HT".utf8), .other), ([0x78], .other), ([], .other), ([0x16, 0x03], .tls),
            ([0x78, 0x9c], .zlib), (hex("789c0300 00000001"), .zlib), (hex("78010300 00000001"), .zlib),
            (hex("789c0300 00000002"), .frame),
        ] as [([UInt8], StreamStart)]
    )
    func firstBytes(bytes: [UInt8], expected: StreamStart) {
        #expect(Self.start(bytes) == expected, "\(StreamStart.hex(bytes))")
    }

    /// The first bytes of every recorded connection.
    @Test(
        arguments: [
            ("01-same-protocol-append-batch-append-2conns", .frame), ("05-deflate", .zlib), ("06-ssl-deflate", .zlib),
            ("07-ssl", .tls), ("08-deflate-client-vs-plain-server", .zlib), ("11-large-frames", .frame),
        ] as [(String, StreamStart)]
    )
    func captured(name: String, expected: StreamStart) throws {
        // The second of 08 is an empty stream, which could as well be the head of a frame.
        for connection in try Capture(name).connections {
            #expect(Self.start(Array(connection.client.prefix(8))) == expected)
        }
    }

    /// At every level, whatever frame comes first: what zlib writes is never taken for a frame.
    @Test(arguments: 0...9) func everyLevel(level: Int32) {
        var random = SeededGenerator(seed: UInt64(level) + 1)
        for length in 1..<400 {
            let frame = PlainFrame(Int32(length), random.bytes(length)).bytes
            let stream = PlainDeflater(level: level).write(frame)
            #expect(Self.start(Array(stream.prefix(8))) == .zlib, "a frame of \(length) bytes")
        }
    }
}
