internal import Events
internal import NIOCore

/// Reads the small parts of a message (handshake, meta, name, status) from a buffer, each checked against what is left.
struct MessageReader {
    private let bytes: ByteBuffer
    private(set) var position = 0

    init(_ bytes: ByteBuffer) {
        self.bytes = bytes
    }

    /// What has not been read.
    var rest: ByteBuffer {
        bytes.getSlice(at: bytes.readerIndex + position, length: bytes.readableBytes - position) ?? ByteBuffer()
    }

    /// The buffer that is read from.
    var whole: ByteBuffer { bytes }

    /// Passes over bytes that were read before.
    mutating func skip(_ count: Int) { position = min(position + count, bytes.readableBytes) }

    var isAtEnd: Bool { position == bytes.readableBytes }

    mutating func long() throws(AvroError) -> Int64 {
        try unsafe read { reader throws(AvroError) in try unsafe reader.long() }
    }

    mutating func byte() throws(AvroError) -> UInt8 {
        try unsafe read { reader throws(AvroError) in try unsafe reader.byte() }
    }

    /// Whether a union of null and something else holds something.
    mutating func isPresent() throws(AvroError) -> Bool {
        let at = position
        switch try long() {
        case 0: return false
        case 1: return true
        default: throw AvroError(.notInSchema, offset: at)
        }
    }

    mutating func fixed(_ count: Int) throws(AvroError) -> [UInt8] {
        try unsafe read { reader throws(AvroError) in
            let range = try unsafe reader.fixed(count)
            return unsafe Array(reader.slice(range))
        }
    }

    mutating func string() throws(AvroError) -> String {
        try unsafe read { reader throws(AvroError) in
            let range = try unsafe reader.bytes()
            return unsafe String(decoding: reader.slice(range), as: UTF8.self)
        }
    }

    /// The entries of a map of bytes that are ours (`PeerNaming`); others are checked and passed over, so that a peer
    /// cannot make us keep a map of its own. A key that stands twice keeps its last value, as in Java.
    mutating func map() throws(AvroError) -> [String: [UInt8]] {
        try unsafe read { reader throws(AvroError) in
            var map: [String: [UInt8]] = [:]
            while let block = try unsafe reader.block(minimum: 2) {
                for _ in 0..<block.entries {
                    let key = try unsafe reader.bytes()
                    let value = try unsafe reader.bytes()
                    guard PeerNaming.Key.lengths.contains(key.count) else { continue }
                    let name = unsafe String(decoding: reader.slice(key), as: UTF8.self)
                    if PeerNaming.Key.all.contains(name) { map[name] = unsafe Array(reader.slice(value)) }
                }
                try unsafe reader.close(block)
            }
            return map
        }
    }

    private mutating func read<Value>(
        _ body: (inout AvroReader) throws(AvroError) -> Value
    ) throws(AvroError) -> Value {
        let result = unsafe bytes.withUnsafeReadableBytes { raw -> Result<(Value, Int), AvroError> in
            var reader = unsafe AvroReader(raw, from: position)
            do throws(AvroError) {
                let value = try unsafe body(&reader)
                return unsafe .success((value, reader.position))
            } catch {
                return .failure(error)
            }
        }
        let (value, end) = try result.get()
        position = end
        return value
    }
}
