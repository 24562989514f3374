internal import NIOCore

/// Cuts a stream of bytes into frames, whatever the pieces it comes in.
///
/// Every count and length is checked against the limits when it is read, and memory grows with the bytes that came, not
/// with a length that a peer named. A frame that arrived in one read shares that read's storage.
struct FrameDecoder {
    /// The most that is reserved for a frame beyond as much again as has come of it: one read at its largest.
    private static let reserve = 1 << 20

    private let limits: RPCLimits
    private var bytes = ByteBuffer()
    /// The frame at the front of `bytes`, as far as its lengths are known.
    private var scan: Scan?

    private struct Scan {
        var serial: Int32
        var buffersLeft: Int
        /// Where the next length stands, from the frame's first byte.
        var offset: Int
        /// Contents seen so far that are not empty.
        var parts: [Range<Int>] = []
    }

    init(limits: RPCLimits) {
        self.limits = limits
    }

    /// Bytes that are waiting for the rest of their frame.
    var bufferedBytes: Int { bytes.readableBytes }

    /// Takes in what came from the socket.
    mutating func append(_ piece: ByteBuffer) {
        if bytes.readableBytes == 0 {
            bytes = piece
        } else {
            makeRoom(for: piece.readableBytes)
            bytes.writeImmutableBuffer(piece)
        }
    }

    /// Makes room behind the bytes of a frame that has not come whole, and leaves behind the frames before it: they share
    /// the storage, so that writing to it would copy them along, over and over on a stream that never pauses.
    private mutating func makeRoom(for count: Int) {
        guard bytes.readerIndex > 0 else {
            bytes.reserveCapacity(minimumWritableBytes: count)
            return
        }
        var rest = ByteBuffer()
        rest.reserveCapacity(bytes.readableBytes + count)
        rest.writeImmutableBuffer(bytes)
        bytes = rest
    }

    /// The next frame, `nil` until more has come.
    mutating func next() throws(RPCRejection) -> Frame? {
        var scan: Scan
        if let begun = self.scan {
            scan = begun
        } else {
            guard let (serial, count) = peekHeader() else { return nil }
            // Java never completes a frame without buffers, and nobody sends one.
            guard count > 0 else { throw RPCRejection(.frameHead, "a frame of \(count) buffers") }
            guard count <= limits.frameBuffers else {
                throw RPCRejection(
                    .frameBuffers,
                    "a frame of \(count) buffers; the limit is \(limits.frameBuffers)"
                )
            }
            scan = Scan(serial: serial, buffersLeft: count, offset: 8)
        }
        while scan.buffersLeft > 0 {
            let at = bytes.readerIndex + scan.offset
            guard let length = bytes.getInteger(at: at, as: Int32.self) else { break }
            guard length >= 0 else { throw RPCRejection(.bufferLength, "a buffer of \(length) bytes in a frame") }
            guard scan.offset + 4 + Int(length) <= limits.frameBytes else {
                throw RPCRejection(
                    .frameBytes,
                    "a buffer of \(length) bytes in a frame; the limit is \(limits.frameBytes) for the whole frame"
                )
            }
            let end = scan.offset + 4 + Int(length)
            guard bytes.readableBytes >= end else {
                makeRoom(for: min(end - bytes.readableBytes, max(bytes.readableBytes, Self.reserve)))
                break
            }
            if length > 0 { scan.parts.append(scan.offset + 4..<end) }
            scan.offset = end
            scan.buffersLeft -= 1
        }
        guard scan.buffersLeft == 0 else {
            self.scan = scan
            return nil
        }
        self.scan = nil
        let frame = frame(of: scan)
        bytes.moveReaderIndex(forwardBy: scan.offset)
        if bytes.readableBytes == 0 { bytes = ByteBuffer() }
        return frame
    }

    private func peekHeader() -> (Int32, Int)? {
        guard
            let serial = bytes.getInteger(at: bytes.readerIndex, as: Int32.self),
            let count = bytes.getInteger(at: bytes.readerIndex + 4, as: Int32.self)
        else { return nil }
        return (serial, Int(count))
    }

    private func frame(of scan: Scan) -> Frame {
        guard let first = scan.parts.first else { return Frame(serial: scan.serial, first: ByteBuffer()) }
        let others = scan.parts.dropFirst()
        var frame = Frame(serial: scan.serial, first: slice(first))
        if others.count == 1, let only = others.first {
            frame.rest = slice(only)
        } else if !others.isEmpty {
            var rest = ByteBuffer()
            rest.reserveCapacity(others.reduce(0) { $0 + $1.count })
            for part in others { rest.writeImmutableBuffer(slice(part)) }
            frame.rest = rest
        }
        return frame
    }

    private func slice(_ range: Range<Int>) -> ByteBuffer {
        bytes.getSlice(at: bytes.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
    }
}
