import CZlib

/// zlib used plainly, as a peer in another language would: one stream, a piece of it for each write.
final class PlainDeflater {
    enum Flush: Int32, CaseIterable {
        case none = 0
        case partial = 1
        case sync = 2
        case full = 3
        case finish = 4
        case block = 5
    }

    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    init(level: Int32 = 6, windowBits: Int32 = 15) {
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        deflateInit2_(stream, level, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Asks the reader for a dictionary that it does not have.
    func presetDictionary(_ bytes: [UInt8]) { deflateSetDictionary(stream, bytes, UInt32(bytes.count)) }

    func write(_ bytes: [UInt8], _ flush: Flush = .sync) -> [UInt8] {
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

    /// Adler-32 of bytes, as it stands at a stream's end.
    static func checksum(_ bytes: [UInt8]) -> [UInt8] {
        PlainFrame.word(Int32(truncatingIfNeeded: adler32(1, bytes, UInt32(bytes.count))))
    }
}
