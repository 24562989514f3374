internal import NIOCore

/// A new buffer for each read: a whole batch where the peer sends fast, little where it does not, and none that stays
/// behind on an idle connection.
///
/// NIO keeps each connection's read buffers at the largest they have been, up to `maxMessagesPerRead` of them: with 1,
/// no hint of a size and "may grow" after every read it keeps the first alone, which is the smallest.
struct FreshBuffers: RecvByteBufferAllocator {
    private var sizes = AdaptiveRecvByteBufferAllocator(minimum: 2_048, initial: 2_048, maximum: 1 << 20)

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { sizes.buffer(allocator: allocator) }

    mutating func record(actualReadBytes: Int) -> Bool {
        _ = sizes.record(actualReadBytes: actualReadBytes)
        return true
    }

    func nextBufferSize() -> Int? { nil }
}
