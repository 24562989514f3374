public import Events
internal import Journal
public import NIOCore

/// A queue between sources and sinks, with Flume's transactions: what is put is there whole or not at all, what is taken
/// is out of sight until it is finished.
///
/// Room is granted by the agent's `Admission` before `put` is called, so `put` never waits and is never refused for lack
/// of it. Any thread may call.
public protocol Channel: DeliveryOwner {
    /// The room that admission counts; `nil` where the channel is bounded by something else.
    var room: ChannelRoom? { get }
    /// Seconds that a put waits for room (Flume's `keep-alive`).
    var keepAlive: Duration { get }
    /// Events in one take at most (Flume's `transactionCapacity`).
    var transactionCapacity: Int { get }
    /// Events that are here, those taken and not finished included.
    var size: Int { get }
    /// Of these, the events that end with the process: what a stop waits for. All of them by default.
    var unsavedSize: Int { get }
    /// Whether every event that it stored survives the process: nobody waits for its sinks then. Not by default.
    var isDurable: Bool { get }
    /// Why the channel cannot store at this time; `nil` when it can. `/readyz` shows it.
    var trouble: String? { get }

    /// Makes the channel usable.
    func start() async throws(ComponentError)
    /// Stores a batch for which room was granted.
    ///
    /// - Parameters:
    ///   - grant: the room to give back when the events have left.
    ///   - custody: told of each event's fate where somebody waits for it; a channel that cannot give events back
    ///     (a durable one) says `stored` when they are on stable storage.
    ///   - stored: called once, on any thread, when the batch is as safe as this channel makes it; a failure is told before
    ///     the custody hears that the events are gone.
    func put(
        _ batch: EventBatch,
        grant: RoomGrant,
        custody: Custody?,
        stored: @escaping @Sendable (Result<Void, ComponentError>) -> Void
    )
    /// A batch of so many events was to be put and found no room, or its sender did not wait for it: for the counters.
    func refused(_ events: Int)
    /// Takes up to `limit` events from the front, at least `minimum` (1 takes what there is).
    ///
    /// Where there are fewer, nothing is taken, and `waker` fires once when that many are there.
    func take(upTo limit: Int, atLeast minimum: Int, waking waker: ChannelWaker) -> Delivery?
    /// Takes back what no sink holds of a batch whose sender no longer waits. Returns the number of events removed;
    /// a durable channel removes none.
    func withdraw(_ custody: Custody) -> Int
    /// Ends the channel, at about the deadline at the latest. What is left in it is lost or kept as the channel promises;
    /// returns how many events are lost.
    func stop(deadline: NIODeadline) async -> Int
}

extension Channel {
    public var unsavedSize: Int { size }
    public var isDurable: Bool { false }
    public func refused(_ events: Int) {}
}

/// Wakes a sink runner whose channel had not enough for it.
public final class ChannelWaker: Sendable {
    /// Called on any thread; must not block.
    public let wake: @Sendable () -> Void
    /// The same for a durable queue.
    let ofJournal: JournalWaker

    public init(_ wake: @escaping @Sendable () -> Void) {
        self.wake = wake
        ofJournal = JournalWaker(wake)
    }
}
