import Agent
import NIOCore
import Synchronization

/// Collects what a sink reports and lets a test wait for it.
final class ReportLog: Sendable {
    struct Seen: Sendable {
        var outcomes: [DeliveryNumber: SinkOutcome] = [:]
        /// Numbers that were reported more than once.
        var repeated: [DeliveryNumber] = []
        var ready = 0
        var unavailable: [String] = []

        var delivered: Set<DeliveryNumber> {
            Set(outcomes.compactMap { if case .delivered = $0.value { $0.key } else { nil } })
        }
    }

    struct TimedOut: Error {}

    private struct Waiter {
        let id: Int
        let condition: @Sendable (Seen) -> Bool
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var seen = Seen()
        var waiters: [Waiter] = []
        var nextID = 0
    }

    private let state = Mutex(State())

    var seen: Seen { state.withLock { $0.seen } }

    var reports: SinkReports {
        SinkReports { [self] report in take(report) }
    }

    private func take(_ report: SinkReport) {
        let met = state.withLock { state -> [Waiter] in
            switch report {
            case .finished(let number, let outcome):
                if state.seen.outcomes.updateValue(outcome, forKey: number) != nil {
                    state.seen.repeated.append(number)
                }
            case .ready: state.seen.ready += 1
            case .unavailable(let failure): state.seen.unavailable.append(failure.message)
            case .probed: break
            }
            let met = state.waiters.filter { $0.condition(state.seen) }
            state.waiters.removeAll { waiter in met.contains { $0.id == waiter.id } }
            return met
        }
        for waiter in met { waiter.continuation.resume(returning: true) }
    }

    /// Returns when `condition` holds; throws when it does not within `limit`.
    @discardableResult
    func wait(
        _ limit: Duration = .seconds(20),
        until condition: @escaping @Sendable (Seen) -> Bool
    ) async throws -> Seen {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let timer = Task {
            try await Task.sleep(for: limit)
            let late = state.withLock { state -> Waiter? in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
                return state.waiters.remove(at: index)
            }
            late?.continuation.resume(returning: false)
        }
        let isMet = await withCheckedContinuation { continuation in
            let holds = state.withLock { state in
                if condition(state.seen) { return true }
                state.waiters.append(Waiter(id: id, condition: condition, continuation: continuation))
                return false
            }
            if holds { continuation.resume(returning: true) }
        }
        timer.cancel()
        guard isMet else { throw TimedOut() }
        return seen
    }
}
