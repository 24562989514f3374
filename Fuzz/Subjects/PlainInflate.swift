import CZlib

/// What zlib alone makes of a stream, byte by byte.
struct PlainInflate {
    enum End: Hashable {
        /// More may come.
        case waiting
        /// The stream ended with the last byte.
        case whole
        /// The stream ended before it.
        case followed
        case damaged
        /// Above `most`: not looked at any further.
        case cut
    }

    private static let most = 32 << 20

    private(set) var output: [UInt8] = []
    private(set) var end = End.waiting

    init(_ bytes: [UInt8]) throws {
        var stream = z_stream()
        guard inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw Violation("zlib does not start")
        }
        defer { inflateEnd(&stream) }
        var room = [UInt8](repeating: 0, count: 16 << 10)
        for (index, byte) in bytes.enumerated() {
            var byte = byte
            var isFull = true
            while isFull {
                let result = withUnsafeMutablePointer(to: &byte) { one in
                    room.withUnsafeMutableBufferPointer { room in
                        if stream.avail_in == 0, stream.next_in == nil {
                            stream.next_in = one
                            stream.avail_in = 1
                        }
                        stream.next_out = room.baseAddress
                        stream.avail_out = UInt32(room.count)
                        return inflate(&stream, Z_SYNC_FLUSH)
                    }
                }
                output += room[..<(room.count - Int(stream.avail_out))]
                isFull = stream.avail_out == 0
                switch result {
                case Z_OK, Z_BUF_ERROR: break
                case Z_STREAM_END:
                    end = index == bytes.count - 1 ? .whole : .followed
                    return
                default:
                    end = .damaged
                    return
                }
                guard output.count <= Self.most else {
                    end = .cut
                    return
                }
            }
            stream.next_in = nil
        }
    }
}
