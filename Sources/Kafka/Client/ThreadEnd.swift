internal import Logging
internal import NIOCore
internal import Synchronization

/// Lets whoever stops a component wait for the component's own thread, which ends the Kafka client last.
final class ThreadEnd: Sendable {
    /// How long after its deadline a stop waits at most: librdkafka's own threads may hang in the resolver.
    private static let grace = TimeAmount.milliseconds(500)
    /// How long a client may take to end that has nothing to do any more. It takes milliseconds, or hangs.
    private static let clientLimit = TimeAmount.seconds(1)

    private struct State {
        var threads = 0
        /// Threads so far.
        var begun = 0
        /// Resumed when the thread has ended, or when that takes too long.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Somebody waits: no new thread is to be started.
    var isAwaited: Bool { state.withLock { !$0.waiting.isEmpty } }

    /// A thread is about to start.
    func begin() {
        state.withLock { state in
            state.threads += 1
            state.begun += 1
        }
    }

    /// The thread has done what a stop is for; the client's own end is left.
    func nearlyReach(on eventLoop: any EventLoop) {
        let thread = state.withLock { $0.begun }
        eventLoop.scheduleTask(in: Self.clientLimit) { [self] in
            // Who waits for another has more to wait for.
            if state.withLock({ $0.begun == thread }) { release() }
        }
    }

    /// The thread has ended, or could not be started.
    func reach() {
        state.withLock { $0.threads -= 1 }
        release()
    }

    /// Back when no thread runs, at the latest a little after `deadline`; a thread that is left behind then is told.
    func wait(until deadline: NIODeadline, on eventLoop: any EventLoop, _ logger: Logger) async {
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
        guard state.withLock({ $0.threads > 0 }) else { return }
        logger.warning(
            "the Kafka client has not ended in time and is left behind; its threads end with the process",
            metadata: ["librdkafka.version": "\(ClientHandle.version)"]
        )
    }

    private func release() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
