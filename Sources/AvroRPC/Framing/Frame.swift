import NIOCore

/// One frame of Avro's Netty transport: a serial and the message that its buffers make when joined.
///
/// `int32 serial | int32 count | count × ( int32 length | bytes )`, all big-endian (Avro, NettyTransportCodec). Where the
/// sender cut the message carries no meaning, but Flume puts head and payload into buffers of their own, so the first
/// buffer is kept apart: a payload that came in one piece is never copied.
struct Frame {
    /// The client's number for the call.
    var serial: Int32
    /// The first buffer that holds bytes; the whole message where there is only one.
    var first: ByteBuffer
    /// The bytes of all others, `nil` where there are none.
    var rest: ByteBuffer?

    /// The whole message.
    var joined: ByteBuffer {
        guard let rest else { return first }
        var message = ByteBuffer()
        message.reserveCapacity(first.readableBytes + rest.readableBytes)
        message.writeImmutableBuffer(first)
        message.writeImmutableBuffer(rest)
        return message
    }

    /// Bytes of the message.
    var readableBytes: Int { first.readableBytes + (rest?.readableBytes ?? 0) }

    /// Writes a frame of one buffer.
    static func write(serial: Int32, _ message: ByteBuffer, to output: inout ByteBuffer) {
        output.writeInteger(serial)
        output.writeInteger(Int32(1))
        output.writeInteger(Int32(message.readableBytes))
        output.writeImmutableBuffer(message)
    }
}
