import NIOCore

/// The plaintext that waits for a flush, or for the end of the handshake, with its promises.
struct QueuedWrites {
    private var pieces = MarkedCircularBuffer<(ByteBuffer, EventLoopPromise<Void>?)>(initialCapacity: 4)
    /// Plaintext bytes in all pieces, flushed or not.
    private(set) var bytes = 0

    /// Whether a piece is flushed and not yet taken.
    var hasFlushed: Bool { self.pieces.hasMark }

    mutating func append(_ piece: ByteBuffer, _ promise: EventLoopPromise<Void>?) {
        self.bytes += piece.readableBytes
        self.pieces.append((piece, promise))
    }

    mutating func flush() { self.pieces.mark() }

    /// The next flushed piece, in order.
    mutating func next() -> (piece: ByteBuffer, promise: EventLoopPromise<Void>?)? {
        guard self.pieces.hasMark, let (piece, promise) = self.pieces.popFirst() else { return nil }
        self.bytes -= piece.readableBytes
        return (piece, promise)
    }

    /// Takes everything, flushed or not; the caller fails the promises.
    mutating func removeAll() -> [EventLoopPromise<Void>] {
        let promises = self.pieces.compactMap { $0.1 }
        self.pieces = MarkedCircularBuffer(initialCapacity: 0)
        self.bytes = 0
        return promises
    }
}
