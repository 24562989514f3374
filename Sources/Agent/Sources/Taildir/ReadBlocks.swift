internal import NIOCore
internal import Synchronization

/// The buffers that files are read into, kept for the next read.
final class ReadBlocks: Sendable {
    /// Bytes of one read: enough that the call costs nothing beside the lines, and stays in the processor's cache.
    static let length = 256 << 10

    private let free = Mutex<[ByteBuffer]>([])

    func take() -> ByteBuffer {
        free.withLock { $0.popLast() } ?? ByteBufferAllocator().buffer(capacity: Self.length + ContentMark.tailLength)
    }

    func giveBack(_ block: ByteBuffer) {
        free.withLock { if $0.count < TaildirDriver.threads { $0.append(block) } }
    }
}
