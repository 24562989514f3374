package import Agent
package import Events
internal import Logging
package import NIOCore
internal import Synchronization

extension KafkaSink {
    package func submit(_ batch: EventBatch, number: DeliveryNumber, deadline: NIODeadline?) -> Submission {
        let count = batch.count
        let now = NIODeadline.now()
        let slot = state.withLock { state -> Int? in
            // Who waits for this batch is to be told in time that it failed: it stays where it can be withdrawn. Taken, it
            // would be held for the message time-out, most of it beyond the deadline.
            if deadline != nil, state.trouble != nil {
                state.hasTurnedAway = true
                return nil
            }
            guard state.transaction.accepts else {
                state.ledger.refuse(count)
                return nil
            }
            return state.ledger.admit(number, count: count, batch: batch, now: now)
        }
        guard let slot else { return .busy }
        if count == 0 {
            settleOutcomes()
        } else {
            produce(batch, from: 0, slot: slot, isResuming: false)
        }
        return .accepted
    }

    /// Gives a batch's events from `first` on to librdkafka, as many as it takes; the rest waits in the ledger.
    func produce(_ batch: EventBatch, from first: Int, slot: Int, isResuming: Bool) {
        var failures: [(index: Int, failure: EventFailure)] = []
        var full: Int?
        var badTimestamps = 0
        producer.withLock { producer in
            guard producer != nil else {
                failures = (first..<batch.count).map { ($0, .stopped) }
                return
            }
            // Given up with the client that there was when it was accepted.
            guard state.withLock({ $0.ledger.isCurrent(slot) }) else { return }
            full = producer!.produce(batch, from: first, slot: slot) { failures.append(($0, $1)) }
            badTimestamps = producer!.takeBadTimestamps()
        }
        guard full != nil || isResuming || !failures.isEmpty || badTimestamps > 0 else { return }
        state.withLock { state in
            for (index, failure) in failures { state.ledger.fail(slot: slot, index: index, failure) }
            if let full {
                state.ledger.stall(slot: slot, batch: batch, from: full)
            } else if isResuming {
                state.ledger.unstall()
            }
        }
        // The reports that make room may have come before the stall was known; letters are the thread's work.
        if !isResuming && (full != nil || state.withLock { $0.ledger.hasLetters }) { wake() }
        if badTimestamps > 0 { warnOfTimestamps(badTimestamps) }
        settleOutcomes()
    }

    /// Reports the batches whose last event has been settled.
    ///
    /// - Parameter endingGroup: the transaction that they are in has ended; where there are transactions, nothing is reported
    ///   before.
    func settleOutcomes(endingGroup: Bool = false) {
        guard endingGroup || !settings.isTransactional else {
            wake()
            return
        }
        let now = NIODeadline.now()
        let (outcomes, ready, reports, suppressed) = state.withLock { state in
            let outcomes = state.ledger.takeOutcomes()
            let failed = outcomes.reduce(0) { $0 + $1.failed.count }
            if let blocked = outcomes.first(where: { $0.reason?.isHopeless == true })?.reason {
                state.blocked = "an event cannot be written to Kafka and stays in the channel: \(blocked.message)"
            } else if outcomes.contains(where: { $0.failed.isEmpty }) {
                state.blocked = nil
            }
            let suppressed = failed > 0 ? state.failures.pass(now, weight: failed) : nil
            let isReady = state.transaction.accepts && state.ledger.takeReady()
            return (outcomes, isReady, state.reports, suppressed)
        }
        for outcome in outcomes {
            count(outcome, now)
            reports?.finished(outcome.number, Self.report(outcome))
        }
        if let suppressed, let first = outcomes.first(where: { !$0.failed.isEmpty }) {
            let failed = outcomes.reduce(0) { $0 + $1.failed.count }
            logger.warning(
                "events were not delivered to Kafka and stay in the channel",
                metadata: [
                    "events.failed": "\(failed)",
                    "events.failed.since-last-message": "\(suppressed)",
                    "event.index": "\(first.failed[0])",
                    "error.message": "\(first.reason?.message ?? "")",
                    "error.retriable": "\(first.isRetriable)",
                ]
            )
        }
        if ready { reports?.ready() }
    }

    private func count(_ outcome: DeliveryLedger.Outcome, _ now: NIODeadline) {
        let delivered = outcome.count - outcome.failed.count
        if delivered > 0 { counters.sendTimer.add(Int((now - outcome.accepted).nanoseconds / 1_000_000)) }
        if !outcome.failed.isEmpty { counters.rollback.add() }
    }

    private static func report(_ outcome: DeliveryLedger.Outcome) -> SinkOutcome {
        guard let reason = outcome.reason, !outcome.failed.isEmpty else { return .delivered }
        let failure = SinkFailure(reason.message, isRetriable: outcome.isRetriable)
        return outcome.failed.count == outcome.count ? .notDelivered(failure) : .except(outcome.failed, failure)
    }

    private func warnOfTimestamps(_ count: Int) {
        guard let suppressed = state.withLock({ $0.badTimestamps.pass(.now(), weight: count) }) else { return }
        logger.warning(
            "timestamp headers are no milliseconds since 1970; these records get the time of sending",
            metadata: [
                "header": "\(settings.timestampHeader ?? "")",
                "events": "\(count)",
                "events.since-last-message": "\(suppressed)",
            ]
        )
    }
}
