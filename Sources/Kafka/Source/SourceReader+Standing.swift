internal import NIOCore
internal import Synchronization

// Back-pressure: what happens while no batch more may be held.
extension SourceReader {
    /// How long a source that cannot go on leaves what librdkafka has fetched ahead where it is. Then it polls again, with
    /// every partition paused, so that the group does not expel it.
    private static let patience = TimeAmount.milliseconds(500)

    /// One poll of a consumer that is paused.
    private static let pausedPoll: Int32 = 100

    /// Waits for room, or for the end.
    func stand(_ consumer: ConsumerHandle, _ now: NIODeadline, atOnce: Bool) {
        let since = standsSince ?? now
        standsSince = since
        let isFull = source.state.withLock { state in
            state.isWaiting = state.queue.isFull(for: source.settings.batchSize) || state.phase == .quiet
            return state.isWaiting
        }
        guard isFull else { return }
        if !isPaused, atOnce || now - since >= Self.patience {
            consumer.pause()
            isPaused = true
        }
        if isPaused {
            if let record = consumer.poll(milliseconds: Self.pausedPoll), !atOnce { take(record) }
        } else {
            takeEvents(of: consumer, milliseconds: max(since + Self.patience - now, .milliseconds(1)).pollMilliseconds)
        }
    }

    func goOn(_ consumer: ConsumerHandle) {
        standsSince = nil
        guard isPaused else { return }
        consumer.resume()
        isPaused = false
    }
}
