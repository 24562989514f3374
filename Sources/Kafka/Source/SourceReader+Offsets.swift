internal import Agent
internal import Logging
internal import NIOCore
internal import Synchronization

// Offsets of what is acknowledged are committed.
extension SourceReader {
    /// Between two commits.
    static let commitInterval = TimeAmount.milliseconds(100)

    func commit(_ consumer: ConsumerHandle, _ now: NIODeadline) {
        let due = source.state.withLock { $0.ledger.takeDue() }
        nextCommit = now + Self.commitInterval
        do throws(KafkaFailure) {
            try consumer.commit(due)
            commitStart = now
        } catch {
            settle(CommitOutcome(failed: due, error))
        }
    }

    func settle(_ outcome: CommitOutcome) {
        if !outcome.committed.isEmpty { act(health.sign(now: .now())) }
        guard let failure = outcome.failure, !outcome.failed.isEmpty else { return }
        source.state.withLock { $0.ledger.refused(outcome.failed) }
        log.warning(
            "offsets could not be committed; their events are in the channels, and may come again after a restart",
            metadata: ["error.message": "\(failure)", "partitions": "\(outcome.failed.map(\.partition))"]
        )
    }
}
