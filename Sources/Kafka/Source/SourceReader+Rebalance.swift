internal import Agent
internal import Logging
internal import NIOCore
internal import Synchronization

// Partitions come and go.
extension SourceReader {
    /// How long partitions that go may wait for what is on its way to the channels.
    private static let revokeLimit = TimeAmount.seconds(1)

    /// Whether new partitions are to stand still.
    func rebalance(_ change: Rebalance) -> Bool {
        putOpen()
        open.partitionsChanged()
        switch change {
        case .assigned(let partitions):
            source.logger.info("partitions assigned", metadata: ["partitions": "\(partitions)"])
            source.state.withLock { $0.ledger.assign(partitions) }
            clearTroubles(with: partitions)
        case .revoked(let partitions, let isLost):
            source.logger.info("partitions revoked", metadata: ["partitions": "\(partitions)", "lost": "\(isLost)"])
            revoke(partitions, isLost: isLost)
        }
        return isPaused
    }

    /// Brings to an end what can be, commits what is safe, and forgets the rest.
    private func revoke(_ partitions: [TopicPartition], isLost: Bool) {
        guard let consumer else { return }
        if !isLost {
            let limit = NIODeadline.now() + Self.revokeLimit
            while mustWait, .now() < limit { takeEvents(of: consumer, milliseconds: 20) }
            let due = source.state.withLock { $0.ledger.takeDue(of: partitions) }
            if !due.isEmpty { settle(consumer.commitNow(due, milliseconds: Self.commitLimit.pollMilliseconds)) }
        }
        // What no sink holds comes back, so that it can be left to whoever reads these partitions next.
        let passages = source.state.withLock { state in
            state.ledger.revoke(partitions)
            state.queue.drop { [ledger = state.ledger] number, partition in !ledger.isCurrent(partition, of: number) }
            let revoked = Set(partitions)
            return state.underWay.values.filter { way in
                way.attempt.parcel.runs.contains { revoked.contains($0.partition) }
            }.compactMap(\.passage)
        }
        for passage in passages { passage.abandon() }
    }

    /// Whether something is on its way that may be acknowledged in a moment.
    var mustWait: Bool {
        source.state.withLock { state in
            state.isWaiting = state.phase == .running && !state.ledger.isSettled
            return state.isWaiting
        }
    }
}
