public import AvroRPC
import NIOCore

/// How a sink group picks its sink (Flume's `SinkProcessor`): a choice, and how long a failed sink is left alone.
public struct SinkProcessor: Sendable {
    public var choice: any PeerChoice
    public var backoff: Backoff

    public init(choice: any PeerChoice, backoff: Backoff) {
        self.choice = choice
        self.backoff = backoff
    }

    /// One sink without a group: tried again after 0.5 s, 1 s … 5 s (Flume's runner pauses 5 s after every failure).
    public static let single = SinkProcessor(
        choice: RoundRobinChoice(),
        backoff: Backoff(base: .milliseconds(250), maximum: .seconds(5))
    )
}
