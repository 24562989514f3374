import Events
import NIOCore

@testable import AvroRPC

extension FrameSubject {
    /// What holds for one frame.
    static func check(_ frame: Frame, _ message: [UInt8]) throws {
        try require(
            frame.readableBytes == message.count,
            "a frame counts \(frame.readableBytes) bytes, not \(message.count)"
        )
        try require(message.isEmpty || frame.first.readableBytes > 0, "the first buffer of a frame is empty")
        var rest = Array(frame.first.readableBytesView)
        if let other = frame.rest { rest += other.readableBytesView }
        try require(rest == message, "a frame's parts are not its message")

        // The head as far as it can be read, and what is behind it.
        var head = HeadReader(frame)
        _ = try? head.read { reader throws(AvroError) in try reader.map() }
        let checkedFrom = head.position
        _ = try? head.read { reader throws(AvroError) in try reader.string() }
        try require(head.position <= message.count, "a head of \(head.position) bytes in \(message.count)")
        try require(
            Array(head.payload.readableBytesView) == Array(message[head.position...]),
            "a payload is not what follows the head"
        )
        try require(
            head.checksum(from: checkedFrom) == plainCRC32C(message[checkedFrom...]),
            "the checksum from byte \(checkedFrom) is wrong"
        )
    }

    /// Every message, written as a frame, is read as the same.
    static func rewrite(_ stream: PlainStream, _ limits: RPCLimits) throws {
        var written = ByteBuffer()
        for message in stream.messages {
            Frame.write(serial: message.serial, ByteBuffer(bytes: message.bytes), to: &written)
        }
        let again = PlainStream(
            Array(written.readableBytesView),
            frameBytes: limits.frameBytes,
            frameBuffers: limits.frameBuffers
        )
        try require(again.messages == stream.messages, "frames read otherwise when written anew")
        try require(again.end == .waiting, "frames cannot be read when written anew: \(again.end)")
    }

    /// CRC32C (RFC 3720, appendix B.4), bit by bit.
    private static func plainCRC32C(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var crc = UInt32.max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 0 ? 0 : 0x82f6_3b78) }
        }
        return ~crc
    }
}
