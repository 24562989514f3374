package import AvroRPC
internal import DequeModule
package import NIOCore

/// Decides what a sink runner does next: which delivery goes to which sink, when to take, when to give back.
///
/// No I/O and no clock. `next` is asked until it says `idle`; what its actions brought, and what the sinks report, is told
/// to it in between. It names deliveries by number and never sees one.
package struct SinkRunnerMachine: Sendable {
    /// What to do next.
    package enum Action: Hashable, Sendable {
        /// Take from the channel for this sink, then `took` or `foundTooFew`.
        case take(sink: Int, limit: Int, minimum: Int)
        /// Offer a delivery to a sink, then `offered`.
        case submit(DeliveryNumber, sink: Int)
        /// Nobody can have it now: finish it as not delivered.
        case giveBack(DeliveryNumber)
        /// Ask a sink whether it is well.
        case probe(sink: Int)
        /// Nothing to do before the next input, or before then.
        case idle(until: NIODeadline?)
    }

    /// What an outcome means for its delivery.
    package enum Settlement: Hashable, Sendable {
        /// Finish it with the sink's outcome.
        case finish
        /// It stays with the runner and is offered to other sinks.
        case keep
    }

    private struct Slot {
        var health: PeerHealth
        var batchSize: Int
        var canProbe: Bool
        var isBusy = false
        var inFlight = 0
    }

    private var slots: [Slot]
    private var choice: any PeerChoice
    /// The sink that a take is under way for, and the choice as it stands after that: it counts when the take finds
    /// something, so that an empty channel costs nobody its turn.
    private var elected: (sink: Int, choice: any PeerChoice)?
    /// The sink that the one pending delivery was taken for.
    private var destination: Int?
    /// Deliveries that no sink holds, oldest first.
    private var pending: Deque<DeliveryNumber> = []
    /// The channel said that it has too few; unset by its waker and by anything that changes how many would do.
    private var isDry = false
    private var nextNumber: DeliveryNumber = 0
    private var isStopped = false

    package init(sinks: [(batchSize: Int, canProbe: Bool)], choice: any PeerChoice, backoff: Backoff) {
        slots = sinks.map {
            Slot(health: PeerHealth(backoff: backoff), batchSize: $0.batchSize, canProbe: $0.canProbe)
        }
        self.choice = choice
    }

    /// Deliveries that the runner has out.
    package var held: Int { pending.count + slots.reduce(0) { $0 + $1.inFlight } }
    /// Whether any sink is alive.
    package var hasLiveSink: Bool { slots.contains { $0.health.isLive } }

    package mutating func next(now: NIODeadline) -> Action {
        if isStopped {
            if let last = pending.popLast() { return .giveBack(last) }
            return .idle(until: nil)
        }
        for index in slots.indices where slots[index].health.startProbe(now: now, canProbe: slots[index].canProbe) {
            return .probe(sink: index)
        }
        if let first = pending.first {
            if let sink = destination ?? choose(&choice) {
                destination = nil
                return .submit(first, sink: sink)
            }
            // A live sink that is busy will have room; with none alive, the channel is the better place to wait.
            if !hasLiveSink, let last = pending.popLast() { return .giveBack(last) }
        } else if !isDry {
            var after = choice
            guard let sink = choose(&after) else { return idle }
            elected = (sink, after)
            let slot = slots[sink]
            return .take(sink: sink, limit: slot.batchSize, minimum: slot.inFlight > 0 ? slot.batchSize : 1)
        }
        return idle
    }

    private var idle: Action { .idle(until: slots.compactMap(\.health.nextCheck).min()) }

    private func choose(_ choice: inout any PeerChoice) -> Int? {
        choice.choose(count: slots.count) { index in
            let slot = slots[index]
            if slot.health.isHalfOpen { return slot.isBusy ? .down : .oneTrial }
            guard slot.health.isLive else { return .down }
            return slot.isBusy ? .busy : .free
        }
    }

    /// The channel gave a delivery: its number, to be submitted next.
    package mutating func took() -> DeliveryNumber {
        defer { nextNumber += 1 }
        pending.append(nextNumber)
        if let elected {
            choice = elected.choice
            destination = elected.sink
        }
        elected = nil
        return nextNumber
    }

    /// The channel has less than was asked for; its waker is set.
    package mutating func foundTooFew() {
        isDry = true
        elected = nil
    }

    /// The channel's waker fired.
    package mutating func channelHasMore() { isDry = false }

    /// The sink's answer to a submission.
    package mutating func offered(_ number: DeliveryNumber, to sink: Int, _ answer: Submission) {
        switch answer {
        case .busy:
            slots[sink].isBusy = true
        case .accepted:
            if let index = pending.firstIndex(of: number) { pending.remove(at: index) }
            slots[sink].inFlight += 1
            slots[sink].health.given(number)
        }
    }

    /// A sink that was busy has room.
    package mutating func ready(_ sink: Int) { slots[sink].isBusy = false }

    /// A sink delivered, in whole or in part. Returns whether the sink came back to life by it.
    package mutating func delivered(_ number: DeliveryNumber, by sink: Int) -> Bool {
        settled(sink)
        return slots[sink].health.succeeded(number)
    }

    /// A sink failed with a delivery: whether the runner keeps it, and whether the sink is newly down.
    package mutating func failed(
        _ number: DeliveryNumber,
        by sink: Int,
        now: NIODeadline
    ) -> (settlement: Settlement, isNewlyDown: Bool) {
        settled(sink)
        let isNewlyDown = slots[sink].health.failed(number, now: now)
        guard !isStopped, slots.count > 1, hasLiveSink else { return (.finish, isNewlyDown) }
        let at = pending.firstIndex { $0 > number } ?? pending.endIndex
        pending.insert(number, at: at)
        return (.keep, isNewlyDown)
    }

    /// A delivery that was to be kept is finished after all: part of it was delivered.
    package mutating func forget(_ number: DeliveryNumber) {
        if let index = pending.firstIndex(of: number) { pending.remove(at: index) }
    }

    private mutating func settled(_ sink: Int) {
        slots[sink].inFlight -= 1
        isDry = false
    }

    /// A sink's far side is away. Returns whether the sink is newly down.
    package mutating func unavailable(_ sink: Int, now: NIODeadline) -> Bool {
        slots[sink].isBusy = false
        return slots[sink].health.wentAway(now: now)
    }

    /// A sink's answer to its probe.
    package mutating func probed(_ sink: Int, isWell: Bool, now: NIODeadline) {
        if isWell { slots[sink].isBusy = false }
        slots[sink].health.probed(isWell: isWell, now: now)
    }

    /// When a sink is tried again; `nil` while it is not down.
    package func nextTry(of sink: Int) -> NIODeadline? { slots[sink].health.nextCheck }

    /// Takes nothing more and gives back what no sink holds.
    package mutating func stop() { isStopped = true }
}
