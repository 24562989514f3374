package import NIOCore

extension ByteBuffer {
    /// Writes an Avro `int` or `long`: zig-zag, seven bits a byte (Avro specification, "Primitive Types").
    package mutating func writeAvroLong(_ value: Int64) {
        var rest = UInt64(bitPattern: (value << 1) ^ (value >> 63))
        while rest >= 0x80 {
            writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        writeInteger(UInt8(truncatingIfNeeded: rest))
    }

    /// Writes an Avro `string`.
    package mutating func writeAvroString(_ value: some StringProtocol) {
        writeAvroLong(Int64(value.utf8.count))
        writeBytes(value.utf8)
    }

    /// Writes an Avro `bytes`, or a `string` whose UTF-8 is at hand.
    package mutating func writeAvroBytes(_ value: UnsafeRawBufferPointer) {
        writeAvroLong(Int64(value.count))
        unsafe writeBytes(value)
    }

    /// Writes an Avro `bytes` from a buffer.
    package mutating func writeAvroBytes(_ value: ByteBuffer) {
        writeAvroLong(Int64(value.readableBytes))
        writeImmutableBuffer(value)
    }
}
