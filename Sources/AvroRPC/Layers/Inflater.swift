internal import CZlib
package import NIOCore

/// Inflates one stream: the receiving half of a compressed connection, or a member of a gzip file. Belongs to whoever made
/// it: a connection's event loop, a file's lock.
@safe package final class Inflater {
    /// What stands round the deflated bytes (zlib.h, `inflateInit2`).
    package enum Format: Int32 {
        case zlib = 0
        /// One member, its checksum and length compared at its end (RFC 1952).
        case gzip = 16
    }

    package enum Outcome: Hashable {
        /// All input is used and all output given.
        case needsInput
        /// The room is full: there may be more without any new input.
        case hasMore
        /// The stream's last byte was read; the input's reader index stands behind it.
        case ended
        /// The bytes are no stream of this format, or damaged.
        case failed(String)
    }

    /// zlib's state points back at this, so that it must never move. Freed in `deinit`; nobody else holds it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// `nil` where zlib has no memory.
    package init?(_ format: Format = .zlib) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        guard unsafe inflateInit2_(stream, MAX_WBITS + format.rawValue, ZLIB_VERSION, size) == Z_OK else { return nil }
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Inflates from `input` into `output`, at most `room` bytes. Reads no more of `input` than that takes.
    package func run(_ input: inout ByteBuffer, into output: inout ByteBuffer, room: Int) -> Outcome {
        let step = unsafe stream.step(&input, into: &output, room: room) { unsafe inflate($0, Z_SYNC_FLUSH) }
        return outcome(of: step.result, isFull: step.isFull)
    }

    /// Ready for another stream of the same format.
    package func restart() { _ = unsafe inflateReset(stream) }

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
