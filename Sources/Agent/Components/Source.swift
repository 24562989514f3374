public import NIOCore

/// Where events enter the agent.
///
/// A source hands batches to its `ChannelProcessor` and answers its client, or moves its position, only when told that
/// they are acknowledged.
public protocol Source: AnyObject, Sendable {
    /// Why the source cannot take events in at this time, `nil` when it can or does not know. Read from any thread; `/readyz`
    /// shows it.
    var trouble: String? { get }

    /// Opens what the source needs (listens, starts its program). Throws what keeps it from running at all.
    func start() async throws(ComponentError)
    /// The source's own work where it has a loop; cancelled to make it end. Called after `start`, returns when done.
    func run() async
    /// Takes in nothing new from now on; connections stay open for the answers that are due.
    func quiesce() async
    /// Closes what is open. Called when the channels have drained or the time for it is over.
    func stop(deadline: NIODeadline) async
}

extension Source {
    public var trouble: String? { nil }
    public func run() async {}
}
