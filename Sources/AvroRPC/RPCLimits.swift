public import Events
public import NIOCore

/// What one server takes from its peers. No default refuses what Flume's senders send.
public struct RPCLimits: Hashable, Sendable {
    // One connection.

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
    /// Bytes of answers that a peer has not taken. Above it the peer is not read from, and after `replyTime` it is closed.
    public var queuedBytes = 64 << 10
    /// Events, headers and bodies of one call.
    public var events = EventLimits()

    // Time; `nil` is no limit.

    /// The TLS handshake, and the Avro handshake from its first byte on. Netty's SslHandler allows 10 s. A Java sink
    /// connects when it starts and says nothing before its first event, so that silence is no breach of this.
    public var handshakeTime: TimeAmount? = .seconds(10)
    /// Every begun MiB of a frame, from its first byte on; time in which we do not read does not count.
    public var frameTime: TimeAmount? = .seconds(60)
    /// Nothing read and nothing to answer. None: a Flume sink without events keeps its connection for days.
    public var idleTime: TimeAmount?
    /// Answers above `queuedBytes` that are not taken.
    public var replyTime: TimeAmount? = .seconds(60)

    // All connections; `nil` is no limit.

    public var connections: Int? = 10_000
    public var connectionsPerAddress: Int?

    public init() {}
}
