internal import NIOCore
internal import Synchronization

/// One batch's way from its source to its acknowledgement, answered exactly once.
public final class Passage: Sendable {
    private struct State {
        var acknowledged: (@Sendable (Acknowledgement) -> Void)?
        /// Takes the batch back from where it waits.
        var retreat: (@Sendable () -> Void)?
        var timer: Scheduled<Void>?
        var isAdmitted = false
        var isAbandoned = false
        /// Why a channel did not take it.
        var failure: ComponentError?
    }

    private let eventLoop: any EventLoop
    private let state: Mutex<State>

    init(eventLoop: any EventLoop, acknowledged: @escaping @Sendable (Acknowledgement) -> Void) {
        self.eventLoop = eventLoop
        state = Mutex(State(acknowledged: acknowledged))
    }

    /// The sender is gone: what no sink holds is taken back at once, and the answer goes nowhere.
    public func abandon() {
        let retreat = state.withLock { state in
            state.isAbandoned = true
            defer { state.retreat = nil }
            return state.retreat
        }
        retreat?()
    }

    /// A channel did not take the batch; the first reason stands.
    func failed(_ reason: ComponentError) {
        state.withLock { $0.failure = $0.failure ?? reason }
    }

    /// Why a channel did not take it; `nil` where none refused.
    var failure: ComponentError? { state.withLock { $0.failure } }

    func complete(_ answer: Acknowledgement) {
        let (acknowledged, timer) = state.withLock { state in
            defer {
                state.acknowledged = nil
                state.retreat = nil
                state.timer = nil
            }
            return (state.acknowledged, state.timer)
        }
        timer?.cancel()
        acknowledged?(answer)
    }

    /// The batch waits in line for room, for `limit` at most; `leave` says whether the line was left in time.
    func wait(_ limit: TimeAmount, leave: @escaping @Sendable () -> Bool) {
        let refuse: @Sendable () -> Void = {
            if leave() { self.complete(.refused(ComponentError(.channelFull, "the channel is full"))) }
        }
        retreat(after: limit, isAdmission: false, refuse)
    }

    /// The batch is in its channels; `withdraw` takes out what no sink holds, and is called at `deadline` at the latest.
    func admitted(until deadline: NIODeadline, withdraw: @escaping @Sendable () -> Void) {
        retreat(after: deadline - eventLoop.now, isAdmission: true, withdraw)
    }

    private func retreat(after limit: TimeAmount, isAdmission: Bool, _ body: @escaping @Sendable () -> Void) {
        let timer = eventLoop.scheduleTask(in: limit, body)
        enum Next {
            case armed(replaced: Scheduled<Void>?)
            /// Room came before the wait was noted, or the answer is given already.
            case superseded
            case senderGone(replaced: Scheduled<Void>?)
        }
        let next = state.withLock { state -> Next in
            guard state.acknowledged != nil, isAdmission || !state.isAdmitted else { return .superseded }
            state.isAdmitted = isAdmission
            let replaced = state.timer
            if state.isAbandoned {
                state.timer = nil
                return .senderGone(replaced: replaced)
            }
            state.timer = timer
            state.retreat = body
            return .armed(replaced: replaced)
        }
        switch next {
        case .armed(let replaced):
            replaced?.cancel()
        case .superseded:
            timer.cancel()
        case .senderGone(let replaced):
            replaced?.cancel()
            timer.cancel()
            body()
        }
    }
}
