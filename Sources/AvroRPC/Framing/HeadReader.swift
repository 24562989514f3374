internal import CPlatform
internal import Events
internal import NIOCore

/// Reads the head of a message (handshake, meta, name) from a frame's first buffer, and finds the payload behind it.
///
/// Flume's senders end the first buffer where the payload begins, so that the payload is the rest as it came. Where a
/// peer cut elsewhere the frame is joined, once.
struct HeadReader {
    private let frame: Frame
    private var reader: MessageReader
    private var isJoined: Bool

    init(_ frame: Frame) {
        self.frame = frame
        reader = MessageReader(frame.first)
        isJoined = frame.rest == nil
    }

    /// Bytes read so far.
    var position: Int { reader.position }

    /// Reads one part; joins the frame and reads again where the part runs over the first buffer's end.
    mutating func read<Value>(
        _ body: (inout MessageReader) throws(AvroError) -> Value
    ) throws(AvroError) -> Value {
        if isJoined { return try body(&reader) }
        var trial = reader
        do throws(AvroError) {
            let value = try body(&trial)
            reader = trial
            return value
        } catch {
            join()
            return try body(&reader)
        }
    }

    /// What follows all that was read.
    var payload: ByteBuffer {
        if isJoined { return reader.rest }
        if reader.isAtEnd, let rest = frame.rest { return rest }
        var joined = self
        joined.join()
        return joined.reader.rest
    }

    /// CRC32C of the message from `start` to its end.
    func checksum(from start: Int) -> UInt32 {
        var crc: UInt32 = 0
        let buffers = isJoined ? [reader.whole] : [frame.first, frame.rest ?? ByteBuffer()]
        var skip = start
        for buffer in buffers {
            let part = min(skip, buffer.readableBytes)
            skip -= part
            crc = buffer.crc32c(from: part, continuing: crc)
        }
        return crc
    }

    private mutating func join() {
        let position = reader.position
        reader = MessageReader(frame.joined)
        reader.skip(position)
        isJoined = true
    }
}

extension ByteBuffer {
    /// CRC32C of the readable bytes from `start` on.
    func crc32c(from start: Int = 0, continuing crc: UInt32 = 0) -> UInt32 {
        unsafe withUnsafeReadableBytes { bytes in
            let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[min(start, bytes.count)...])
            return unsafe tributary_crc32c(crc, part.baseAddress, part.count)
        }
    }
}
