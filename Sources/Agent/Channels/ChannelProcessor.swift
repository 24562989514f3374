public import Events
package import Logging
public import NIOCore
internal import Synchronization

/// What every source puts through: interceptors once, then the selector's channels, all of the required ones or none.
public final class ChannelProcessor: Sendable {
    private let interceptors: [any Interceptor]
    private let required: [any Channel]
    private let optional: [any Channel]
    private let rooms: [ChannelRoom]
    private let admission: Admission
    private let keepAlive: TimeAmount
    private let mode: AcknowledgeMode
    private let acknowledgeTimeout: TimeAmount
    private let log: ThrottledLog
    private let oversized: Counter
    private let optionalFailures: Counter
    private let isClosed = Atomic<Bool>(false)

    /// - Parameters:
    ///   - required: the channels that must have a batch; in Flume's order.
    ///   - optional: best effort: what does not fit at once is dropped and counted.
    ///   - acknowledgeTimeout: under `delivered`, how long a batch waits for its delivery.
    package init(
        interceptors: [any Interceptor],
        required: [any Channel],
        optional: [any Channel],
        admission: Admission,
        mode: AcknowledgeMode,
        acknowledgeTimeout: TimeAmount,
        counters: CounterGroup,
        logger: Logger
    ) {
        self.interceptors = interceptors
        self.required = required
        self.optional = optional
        self.admission = admission
        self.mode = mode
        self.acknowledgeTimeout = acknowledgeTimeout
        log = ThrottledLog(logger)
        rooms = required.compactMap(\.room)
        let keepAlive = required.map(\.keepAlive).max() ?? .zero
        self.keepAlive = .nanoseconds(Int64(min(keepAlive, .seconds(Int32.max)) / .nanoseconds(1)))
        oversized = counters.counter("OversizedBatchCount")
        optionalFailures = counters.counter("OptionalChannelDropCount")
    }

    /// When sources here may acknowledge.
    public var acknowledgeMode: AcknowledgeMode { mode }

    /// What the interceptors make of a batch. For sources that offer one batch more than once: interceptors run once, so
    /// that a time or an id that they set does not change between the offers.
    public func intercept(_ batch: EventBatch) -> EventBatch {
        var batch = batch
        for interceptor in interceptors { batch = interceptor.intercept(batch) }
        return batch
    }

    /// Hands a batch to the channels.
    ///
    /// - Parameters:
    ///   - isIntercepted: `intercept` gave this batch; it is not called again.
    ///   - timeLeft: how long the sender says it can still wait; the lesser of this and the source's own limit counts.
    ///   - eventLoop: keeps the time for this batch.
    ///   - admitted: called at most once, on any thread, when the channels have the batch: what is put from now on lies
    ///     behind it.
    ///   - acknowledged: called exactly once, on any thread.
    /// - Returns: the batch's way through, to be abandoned when its sender is gone.
    @discardableResult
    public func process(
        _ batch: EventBatch,
        isIntercepted: Bool = false,
        timeLeft: TimeAmount? = nil,
        on eventLoop: any EventLoop,
        admitted: @escaping @Sendable () -> Void = {},
        acknowledged: @escaping @Sendable (Acknowledgement) -> Void
    ) -> Passage {
        var batch = isIntercepted ? batch : intercept(batch)
        let passage = Passage(eventLoop: eventLoop, acknowledged: acknowledged)
        guard !batch.isEmpty else {
            passage.complete(.acknowledged)
            return passage
        }
        guard !isClosed.load(ordering: .relaxed) else {
            passage.complete(.refused(ComponentError(.channelClosed, "the agent is stopping")))
            return passage
        }
        batch = batch.withoutWaste()
        guard !required.isEmpty else {
            offer(batch)
            passage.complete(.acknowledged)
            return passage
        }
        let charge = batch.retainedBytes
        if admission.isOversized(events: batch.count, bytes: charge, in: rooms) { reportOversized(batch) }
        let whole = batch
        let limit = min(acknowledgeTimeout, timeLeft ?? acknowledgeTimeout)
        let deadline = eventLoop.now + limit
        let answer = admission.request(events: batch.count, bytes: charge, in: rooms) { grants in
            self.put(whole, grants, deadline: deadline, passage)
            admitted()
        }
        switch answer {
        case .granted(let grants):
            put(whole, grants, deadline: deadline, passage)
            admitted()
        case .waiting(let ticket):
            passage.wait(min(keepAlive, limit)) {
                guard self.admission.leave(ticket) else { return false }
                for channel in self.required { channel.refused(whole.count) }
                return true
            }
        }
        return passage
    }

    /// Refuses everything from now on.
    package func close() { isClosed.store(true, ordering: .relaxed) }

    private func put(_ batch: EventBatch, _ grants: [RoomGrant], deadline: NIODeadline, _ passage: Passage) {
        offer(batch)
        guard !required.isEmpty else {
            passage.complete(.acknowledged)
            return
        }
        var grants = grants[...]
        var custody: Custody?
        if mode == .delivered {
            let made = Custody(events: batch.count * required.count, deadline: deadline) { delivered in
                passage.complete(delivered ? .acknowledged : .refused(passage.failure ?? Self.notInTime))
            }
            custody = made
        }
        let stores = mode == .stored ? Countdown(required.count) { passage.complete($0) } : nil
        for channel in required {
            let grant = channel.room == nil ? RoomGrant() : grants.removeFirst()
            channel.put(batch, grant: grant, custody: custody) { result in
                stores?.count(result)
                if stores == nil, case .failure(let reason) = result { passage.failed(reason) }
            }
        }
        // Only now: what is withdrawn between two puts would stay behind in the second channel.
        guard let custody else { return }
        passage.admitted(until: deadline) { [required] in
            custody.withdraw()
            custody.removed(required.reduce(0) { $0 + $1.withdraw(custody) })
        }
    }

    private static let notInTime = ComponentError(
        .channelFull,
        "not delivered within the time that the sender waits; nothing of it is kept"
    )

    /// Puts into the optional channels what they have room for at once.
    private func offer(_ batch: EventBatch) {
        for channel in optional {
            guard let room = channel.room else {
                channel.put(batch, grant: RoomGrant(), custody: nil) { _ in }
                continue
            }
            let put: @Sendable ([RoomGrant]) -> Void = { grants in
                for grant in grants { channel.put(batch, grant: grant, custody: nil) { _ in } }
            }
            switch admission.request(events: batch.count, bytes: batch.retainedBytes, in: [room], granted: put) {
            case .granted(let grants):
                put(grants)
            case .waiting(let ticket):
                guard admission.leave(ticket) else { continue }
                optionalFailures.add(batch.count)
                channel.refused(batch.count)
            }
        }
    }

    private func reportOversized(_ batch: EventBatch) {
        oversized.add()
        log.warning(
            "batch is larger than a channel's capacity; it is admitted alone when the channel is empty",
            metadata: ["events": "\(batch.count)", "bytes": "\(batch.retainedBytes)"]
        )
    }
}

/// Completes when every required channel has said that it stored the batch, with the first refusal if there was one.
private final class Countdown: Sendable {
    private let state: Mutex<(left: Int, failure: ComponentError?)>
    private let completion: @Sendable (Acknowledgement) -> Void

    init(_ count: Int, _ completion: @escaping @Sendable (Acknowledgement) -> Void) {
        state = Mutex((count, nil))
        self.completion = completion
    }

    func count(_ result: Result<Void, ComponentError>) {
        let done = state.withLock { state -> Acknowledgement? in
            state.left -= 1
            if case .failure(let error) = result, state.failure == nil { state.failure = error }
            guard state.left == 0 else { return nil }
            return state.failure.map { .refused($0) } ?? .acknowledged
        }
        if let done { completion(done) }
    }
}
