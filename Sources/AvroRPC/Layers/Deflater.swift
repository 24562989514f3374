internal import CZlib
internal import NIOCore

/// The sending half of a compressed connection: one zlib stream. Belongs to its connection's event loop.
@safe final class Deflater {
    enum Flush {
        /// Compress; zlib may keep bytes back.
        case none
        /// Give out all that was written, up to the next byte's border (`00 00 ff ff`).
        case sync
        /// End the stream: last block and checksum.
        case finish

        fileprivate var code: Int32 {
            switch self {
            case .none: Z_NO_FLUSH
            case .sync: Z_SYNC_FLUSH
            case .finish: Z_FINISH
            }
        }
    }

    /// zlib's state points back at this, so that it must never move. Freed in `deinit`; nobody else holds it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameters:
    ///   - level: 0 to 9.
    ///   - memoryLevel: 1 to 9; zlib keeps 2^(memoryLevel + 9) bytes beside 128 KiB of window. 8 is zlib's default
    ///     (`DEF_MEM_LEVEL`); short answers need no more than 1.
    /// - Returns: `nil` where zlib has no memory.
    init?(level: Int, memoryLevel: Int32 = 8) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        // MAX_WBITS, positive: with zlib's header and checksum, whose first byte is 0x78.
        let result = unsafe deflateInit2_(
            stream,
            Int32(level),
            Z_DEFLATED,
            MAX_WBITS,
            memoryLevel,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            size
        )
        guard result == Z_OK else { return nil }
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Compresses `input` into `output`'s free room, at most `room` bytes.
    ///
    /// - Returns: whether the room was too little: call again with more.
    func run(_ input: inout ByteBuffer, _ flush: Flush, into output: inout ByteBuffer, room: Int) -> Bool {
        // Z_BUF_ERROR says that there was nothing to do. No other failure is possible on a stream that began well.
        unsafe stream.step(&input, into: &output, room: room) { unsafe deflate($0, flush.code) }.isFull
    }
}
