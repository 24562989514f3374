import CZlib

/// One direction of a compressed connection, as Java's JdkZlibEncoder writes it: one stream, flushed after each write.
final class Deflater {
    private var stream = z_stream()

    init() throws {
        guard deflateInit_(&stream, 6, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw HostileBytes.Fault(description: "zlib does not start")
        }
    }

    deinit { deflateEnd(&stream) }

    func deflate(_ bytes: [UInt8]) throws -> [UInt8] {
        var input = bytes
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        try input.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            repeat {
                try chunk.withUnsafeMutableBufferPointer { chunk in
                    stream.next_out = chunk.baseAddress
                    stream.avail_out = UInt32(chunk.count)
                    guard CZlib.deflate(&stream, Z_SYNC_FLUSH) != Z_STREAM_ERROR else {
                        throw HostileBytes.Fault(description: "zlib does not compress")
                    }
                }
                output += chunk[..<(chunk.count - Int(stream.avail_out))]
            } while stream.avail_out == 0
        }
        return output
    }
}

/// The other direction.
final class Inflater {
    private var stream = z_stream()

    init() throws {
        guard inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw HostileBytes.Fault(description: "zlib does not start")
        }
    }

    deinit { inflateEnd(&stream) }

    func inflate(_ bytes: [UInt8]) throws -> [UInt8] {
        var input = bytes
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        try input.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            repeat {
                let result = chunk.withUnsafeMutableBufferPointer { chunk in
                    stream.next_out = chunk.baseAddress
                    stream.avail_out = UInt32(chunk.count)
                    return CZlib.inflate(&stream, Z_SYNC_FLUSH)
                }
                guard [Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(result) else {
                    throw HostileBytes.Fault(description: "what came is no zlib stream: \(result)")
                }
                output += chunk[..<(chunk.count - Int(stream.avail_out))]
            } while stream.avail_out == 0
        }
        return output
    }
}
