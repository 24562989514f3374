public import NIOCore

/// How a client of ours waits, and how much it sends ahead.
public struct RPCClientSettings: Hashable, Sendable {
    /// For the connection and the answer to its handshake (Flume's `connect-timeout`).
    public var connectTimeout: TimeAmount = .seconds(20)
    /// `nil`: not compressed.
    public var compression: RPCCompression?
    /// For each call to a peer that did not name itself (Flume's `request-timeout`).
    public var requestTimeout: TimeAmount = .seconds(20)
    /// Calls in flight; `nil`: one as Flume, or eight to a peer that named itself.
    public var window: Int?
    /// What a named peer is told that we can wait, where nobody behind us waits for less.
    public var acknowledgeTimeout: TimeAmount = .seconds(60)
    /// Between pings to a named peer while calls are unanswered.
    public var pingInterval: TimeAmount = .seconds(2)
    /// A named peer of which nothing arrived for this long is dead.
    public var pingTimeout: TimeAmount = .seconds(10)

    public init() {}

    /// How much longer than it was told we wait for a named peer: what one of its sinks holds at the end is answered by
    /// that sink's outcome, 12 s later at most by default.
    static let grace = TimeAmount.seconds(20)
    /// Calls in flight to a peer that named itself.
    static let namedWindow = 8
}
