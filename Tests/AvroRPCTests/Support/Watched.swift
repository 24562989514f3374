import NIOCore
import NIOPosix
import Synchronization

/// A value that several threads change and a test waits on. A wait ends after ten seconds with whatever there is, so
/// that the expectation behind it fails and nothing hangs.
final class Watched<Value: Sendable>: Sendable {
    private struct Waiter {
        let id: UInt64
        let condition: @Sendable (Value) -> Bool
        let continuation: CheckedContinuation<Value, Never>
    }

    private struct State {
        var value: Value
        var waiters: [Waiter] = []
        var nextID: UInt64 = 0
    }

    private let state: Mutex<State>

    init(_ value: Value) {
        state = Mutex(State(value: value))
    }

    var now: Value { state.withLock { $0.value } }

    func change(_ body: (inout Value) -> Void) {
        let (ready, value) = state.withLock { state -> ([Waiter], Value) in
            body(&state.value)
            let value = state.value
            let ready = state.waiters.filter { $0.condition(value) }
            if !ready.isEmpty { state.waiters.removeAll { $0.condition(value) } }
            return (ready, value)
        }
        for waiter in ready { waiter.continuation.resume(returning: value) }
    }

    @discardableResult
    func wait(_ condition: @escaping @Sendable (Value) -> Bool) async -> Value {
        await withCheckedContinuation { continuation in
            let outcome = state.withLock { state -> (Value?, UInt64) in
                if condition(state.value) { return (state.value, 0) }
                state.nextID += 1
                state.waiters.append(Waiter(id: state.nextID, condition: condition, continuation: continuation))
                return (nil, state.nextID)
            }
            if let value = outcome.0 {
                continuation.resume(returning: value)
            } else {
                MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: .seconds(10)) { self.giveUp(outcome.1) }
            }
        }
    }

    private func giveUp(_ id: UInt64) {
        let late = state.withLock { state -> (Waiter, Value)? in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            return (state.waiters.remove(at: index), state.value)
        }
        late.map { $0.0.continuation.resume(returning: $0.1) }
    }
}
