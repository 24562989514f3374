public import NIOCore

/// Makes a batch from single events: for sources whose input is not Avro.
public struct EventBatchBuilder: Sendable {
    private var bytes = ByteBuffer()
    private var starts: [UInt32] = []

    public init() {}

    /// Events so far.
    public var count: Int { starts.count }
    /// Bytes so far.
    public var byteCount: Int { bytes.writerIndex }

    public mutating func append(_ event: Event) {
        begin(event.headers)
        bytes.writeAvroBytes(event.body)
    }

    /// Adds an event without headers.
    public mutating func append(body: UnsafeRawBufferPointer) {
        begin([:])
        unsafe bytes.writeAvroBytes(body)
    }

    /// Adds an event without headers whose body is text.
    public mutating func append(body: String) {
        begin([:])
        bytes.writeAvroString(body)
    }

    /// Adds an event whose body is in a buffer.
    public mutating func append(headers: [String: String] = [:], body: ByteBuffer) {
        begin(headers)
        bytes.writeAvroBytes(body)
    }

    /// Makes room once for so many more events, of so many bytes in all.
    package mutating func reserve(events: Int, bytes: Int) {
        starts.reserveCapacity(starts.count + events + 1)
        self.bytes.reserveCapacity(minimumWritableBytes: bytes)
    }

    /// Adds an event whose header map stands in Avro's form already, its end included.
    package mutating func append(map: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {
        starts.append(UInt32(bytes.writerIndex))
        // An Avro `long` takes ten bytes at most.
        unsafe bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: map.count + 10 + body.count) { output in
            unsafe output.copyMemory(from: map)
            var at = map.count
            var rest = UInt64(body.count) << 1
            while rest >= 0x80 {
                unsafe output[at] = UInt8(truncatingIfNeeded: rest) | 0x80
                rest >>= 7
                at += 1
            }
            unsafe output[at] = UInt8(truncatingIfNeeded: rest)
            at += 1
            unsafe UnsafeMutableRawBufferPointer(rebasing: output[at...]).copyMemory(from: body)
            return at + body.count
        }
    }

    /// The batch; the builder is empty again.
    public mutating func finish() -> EventBatch {
        guard !starts.isEmpty else { return EventBatch() }
        starts.append(UInt32(bytes.writerIndex))
        defer {
            bytes = ByteBuffer()
            starts = []
        }
        return EventBatch(bytes: bytes, starts: starts[...])
    }

    private mutating func begin(_ headers: [String: String]) {
        starts.append(UInt32(bytes.writerIndex))
        if !headers.isEmpty {
            bytes.writeAvroLong(Int64(headers.count))
            for (key, value) in headers {
                bytes.writeAvroString(key)
                bytes.writeAvroString(value)
            }
        }
        bytes.writeAvroLong(0)
    }
}
