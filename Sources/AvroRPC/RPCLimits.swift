/// What one connection may ask of us.
public struct RPCLimits: Hashable, Sendable {
    /// Bytes of one frame, its own lengths included. Java has no limit, and one bad length exhausts it.
    public var frameBytes = 64 << 20
    /// Buffers of one frame: Java cuts every 8192 bytes, so this is eight times what the largest frame needs.
    public var frameBuffers = 1 << 16
    /// Calls of one connection that we hold unanswered. A peer that named itself is told; others are not read from above it.
    public var calls = 8
    /// Bytes of these calls.
    public var callBytes = 64 << 20
    /// Bytes that the compressed bytes of one read may become: twice what the calls above may have in all. A reader gets
    /// them in pieces and only as it asks, so that this bounds work, not memory.
    public var inflatedBytes = 128 << 20

    public init() {}
}
