internal import NIOCore
internal import Synchronization

/// Lets whoever stops a component wait for the component's own thread.
final class ThreadEnd: Sendable {
    /// How long after its deadline a stop waits at most: librdkafka's own threads may hang in the resolver.
    private static let grace = TimeAmount.milliseconds(500)

    private struct State {
        var threads = 0
        /// Resumed when the thread has ended, or when that takes too long.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Somebody waits: no new thread is to be started.
    var isAwaited: Bool { state.withLock { !$0.waiting.isEmpty } }

    /// A thread is about to start.
    func begin() { state.withLock { $0.threads += 1 } }

    /// The thread has ended, or could not be started.
    func reach() {
        state.withLock { $0.threads -= 1 }
        release()
    }

    /// Back when no thread runs, at the latest a little after `deadline`.
    func wait(until deadline: NIODeadline, on eventLoop: any EventLoop) async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if state.threads == 0 { return true }
                state.waiting.append(continuation)
                return false
            }
            if hasEnded {
                continuation.resume()
            } else {
                eventLoop.scheduleTask(deadline: deadline + Self.grace) { [self] in release() }
            }
        }
    }

    private func release() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
