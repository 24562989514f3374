internal import Events
internal import NIOCore

/// The headers of one file's events in Avro's form, made once a file.
struct EventHeaders: Sendable {
    /// Map blocks without the map's end.
    private let blocks: ByteBuffer
    /// The whole map, where it is the same for all events.
    private let map: ByteBuffer
    private let hasOffset: Bool
    private var scratch = ByteBuffer()

    /// Flume's name (TaildirSourceConfigurationConstants.BYTE_OFFSET_HEADER_KEY).
    private static let offsetKey = "byteoffset"

    /// - Parameter offset: adds the offset of the line's first byte, unless another header has its name.
    init(_ headers: [(key: String, value: String)], offset: Bool) {
        var blocks = ByteBuffer()
        if !headers.isEmpty {
            blocks.writeAvroLong(Int64(headers.count))
            for (key, value) in headers {
                blocks.writeAvroString(key)
                blocks.writeAvroString(value)
            }
        }
        self.blocks = blocks
        blocks.writeAvroLong(0)
        map = blocks
        hasOffset = offset && !headers.contains { $0.key == Self.offsetKey }
    }

    /// Bytes of one event's map at most.
    var mapLength: Int { map.readableBytes + (hasOffset ? 40 : 0) }

    @inline(__always)
    mutating func append(_ body: UnsafeRawBufferPointer, at offset: UInt64, to batch: inout EventBatchBuilder) {
        guard hasOffset else {
            unsafe map.withUnsafeReadableBytes { map in unsafe batch.append(map: map, body: body) }
            return
        }
        scratch.clear()
        scratch.writeImmutableBuffer(blocks)
        scratch.writeAvroLong(1)
        scratch.writeAvroString(Self.offsetKey)
        scratch.writeAvroString(String(offset))
        scratch.writeAvroLong(0)
        unsafe scratch.withUnsafeReadableBytes { map in unsafe batch.append(map: map, body: body) }
    }
}
