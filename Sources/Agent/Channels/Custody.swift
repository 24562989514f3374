public import NIOCore
internal import Synchronization

/// One batch whose sender waits until it is delivered: counts its events on their way, over all required channels.
///
/// A batch whose sender no longer waits is *withdrawn*: what lies in a channel is taken out, what a sink holds is answered
/// by that sink's outcome, and what comes back from a sink is not kept.
public final class Custody: Sendable {
    /// When the sender stops waiting.
    public let deadline: NIODeadline
    private let state: Mutex<State>

    private struct State {
        /// Events not yet delivered, each counted once for each required channel.
        var open: Int
        /// Of these, the ones a sink holds.
        var held = 0
        var isWithdrawn = false
        /// Some events were taken out again: the sender must send the batch anew.
        var isIncomplete = false
        var completion: (@Sendable (Bool) -> Void)?
    }

    /// - Parameters:
    ///   - events: events times required channels; above 0.
    ///   - completion: called once, on any thread and under no lock: whether all events are delivered.
    package init(events: Int, deadline: NIODeadline, completion: @escaping @Sendable (_ delivered: Bool) -> Void) {
        self.deadline = deadline
        self.state = Mutex(State(open: events, completion: completion))
    }

    /// Whether the sender has stopped waiting.
    public var isWithdrawn: Bool { state.withLock { $0.isWithdrawn } }

    /// A sink was given `count` events.
    public func taken(_ count: Int) {
        state.withLock { $0.held += count }
    }

    /// A sink delivered `count` events that it held. May call the completion: not to be called under a lock.
    public func delivered(_ count: Int) {
        update { state in
            state.held -= count
            state.open -= count
        }
    }

    /// A durable channel has `count` events on stable storage: it delivers them whoever waits, and never gives them back.
    /// May call the completion: not to be called under a lock.
    public func stored(_ count: Int) {
        update { $0.open -= count }
    }

    /// A sink gave `count` events back. Returns whether the channel may keep them; where it may not, it says `removed` as
    /// soon as it holds no lock.
    public func givenBack(_ count: Int) -> Bool {
        state.withLock { state in
            state.held -= count
            return !state.isWithdrawn
        }
    }

    /// From now on nothing that comes back is kept. Channels are asked to withdraw after this.
    func withdraw() {
        state.withLock { $0.isWithdrawn = true }
    }

    /// A channel took `count` events out again. May call the completion: not to be called under a lock.
    public func removed(_ count: Int) {
        update { state in
            state.open -= count
            if count > 0 { state.isIncomplete = true }
        }
    }

    private func update(_ change: (inout State) -> Void) {
        let done = state.withLock { state -> (@Sendable (Bool) -> Void, Bool)? in
            change(&state)
            guard state.open == 0, let completion = state.completion else { return nil }
            state.completion = nil
            return (completion, !state.isIncomplete)
        }
        if let (completion, delivered) = done { completion(delivered) }
    }
}
