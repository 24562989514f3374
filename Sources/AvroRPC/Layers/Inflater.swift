internal import CZlib
internal import NIOCore

/// The receiving half of a compressed connection: one zlib stream. Belongs to its connection's event loop.
@safe final class Inflater {
    enum Outcome: Hashable {
        /// All input is used and all output given.
        case needsInput
        /// The room is full: there may be more without any new input.
        case hasMore
        /// The stream's last byte was read; the input's reader index stands behind it.
        case ended
        /// The bytes are no zlib stream, or damaged.
        case failed(String)
    }

    /// zlib's state points back at this, so that it must never move. Freed in `deinit`; nobody else holds it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// `nil` where zlib has no memory.
    init?() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        guard unsafe inflateInit2_(stream, MAX_WBITS, ZLIB_VERSION, size) == Z_OK else { return nil }
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Inflates from `input` into `output`, at most `room` bytes. Reads no more of `input` than that takes.
    func run(_ input: inout ByteBuffer, into output: inout ByteBuffer, room: Int) -> Outcome {
        let step = unsafe stream.step(&input, into: &output, room: room) { unsafe inflate($0, Z_SYNC_FLUSH) }
        return outcome(of: step.result, isFull: step.isFull)
    }

    private func outcome(of result: Int32, isFull: Bool) -> Outcome {
        switch result {
        // Z_BUF_ERROR: nothing to do, no harm done.
        case Z_OK, Z_BUF_ERROR: isFull ? .hasMore : .needsInput
        case Z_STREAM_END: .ended
        case Z_NEED_DICT: .failed("it needs a preset dictionary")
        case Z_MEM_ERROR: .failed("no memory")
        default: .failed(unsafe stream.pointee.msg.map { unsafe String(cString: $0) } ?? "zlib error \(result)")
        }
    }
}
