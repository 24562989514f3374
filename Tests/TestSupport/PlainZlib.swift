import CZlib

/// zlib used plainly, as a peer in another language would: one stream, a piece of it for each write.
package final class PlainDeflater {
    package enum Flush: Int32, CaseIterable {
        case none = 0
        case partial = 1
        case sync = 2
        case full = 3
        case finish = 4
        case block = 5
    }

    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    package init(level: Int32 = 6, windowBits: Int32 = 15) {
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        deflateInit2_(stream, level, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Asks the reader for a dictionary that it does not have.
    package func presetDictionary(_ bytes: [UInt8]) { deflateSetDictionary(stream, bytes, UInt32(bytes.count)) }

    /// A gzip file of one member.
    package static func gzip(_ text: String) -> [UInt8] {
        PlainDeflater(windowBits: 31).write(Array(text.utf8), .finish)
    }

    package func write(_ bytes: [UInt8], _ flush: Flush = .sync) -> [UInt8] {
        var result: [UInt8] = []
        var input = bytes
        var output = [UInt8](repeating: 0, count: 64 << 10)
        input.withUnsafeMutableBufferPointer { input in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(input.count)
            repeat {
                output.withUnsafeMutableBufferPointer { output in
                    stream.pointee.next_out = output.baseAddress
                    stream.pointee.avail_out = UInt32(output.count)
                    deflate(stream, flush.rawValue)
                    result += output.prefix(output.count - Int(stream.pointee.avail_out))
                }
            } while stream.pointee.avail_out == 0
            stream.pointee.next_in = nil
        }
        return result
    }
}

/// The reading side: what has come inflates to, piece by piece.
package final class PlainInflater {
    package struct Damaged: Error {
        package let result: Int32
    }

    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    package init() {
        stream.initialize(to: z_stream())
        inflateInit_(stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    package func read(_ bytes: [UInt8]) throws -> [UInt8] {
        var result: [UInt8] = []
        var input = bytes
        var output = [UInt8](repeating: 0, count: 64 << 10)
        try input.withUnsafeMutableBufferPointer { input in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(input.count)
            repeat {
                try output.withUnsafeMutableBufferPointer { output in
                    stream.pointee.next_out = output.baseAddress
                    stream.pointee.avail_out = UInt32(output.count)
                    let code = inflate(stream, Z_SYNC_FLUSH)
                    guard [Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(code) else { throw Damaged(result: code) }
                    result += output.prefix(output.count - Int(stream.pointee.avail_out))
                }
            } while stream.pointee.avail_out == 0
            stream.pointee.next_in = nil
        }
        return result
    }
}
