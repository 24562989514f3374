internal import Agent
internal import Logging
internal import NIOCore
internal import Synchronization

// Transactions, on the sink's own thread.
extension KafkaSink {
    /// How long one call may block this thread.
    private static let callLimit: Int32 = 1000
    /// How long a commit is tried; beyond it, the group is given back and comes again.
    private static let commitLimit = TimeAmount.seconds(30)

    /// Does what the group needs next.
    func stepTransaction(_ client: ClientHandle, _ round: inout Round) {
        let step = state.withLock { state in
            let step = state.transaction.step(settled: state.ledger.settledCount, held: state.ledger.heldEvents)
            if step == .complete || step == .end { state.transaction = .ending }
            return step
        }
        switch step {
        case .none, .complete: break
        case .prepare: prepare(client, &round)
        case .end: endGroup(client, &round)
        }
    }

    private func prepare(_ client: ClientHandle, _ round: inout Round) {
        do throws(TransactionFailure) {
            try client.initTransactions(milliseconds: Self.callLimit)
            try client.beginTransaction()
            open()
        } catch {
            round.hasFatal = round.hasFatal || error.isFatal
            // Tried again at once where the broker is only slow; the call has taken its time.
            guard !error.isRetriable else { return }
            state.withLock { $0.blocked = "the transactional id cannot be used: \(error.failure)" }
        }
    }

    private func open() {
        let (isReady, reports) = state.withLock { state in
            state.transaction = .open
            state.blocked = nil
            return (state.ledger.takeReady(), state.reports)
        }
        if isReady { reports?.ready() }
    }

    /// Commits the group, or aborts it where some event failed; then all of its deliveries are finished alike.
    private func endGroup(_ client: ClientHandle, _ round: inout Round) {
        var failure = state.withLock { $0.ledger.firstFailure }
        if failure == nil { failure = commit(client, &round) }
        if let failure {
            abort(client, &round)
            state.withLock { $0.ledger.giveBackSettled(failure) }
        }
        // Before the deliveries are reported, so that who tries again at once finds a transaction.
        if !round.hasFatal {
            do throws(TransactionFailure) {
                try client.beginTransaction()
                state.withLock { $0.transaction = .open }
            } catch {
                state.withLock { $0.transaction = .preparing }
                round.hasFatal = round.hasFatal || error.isFatal
            }
        }
        settleOutcomes(endingGroup: true)
    }

    /// Why the group could not be committed; `nil` where it is.
    private func commit(_ client: ClientHandle, _ round: inout Round) -> EventFailure? {
        let limit = NIODeadline.now() + Self.commitLimit
        while true {
            do throws(TransactionFailure) {
                try client.commitTransaction(milliseconds: Self.callLimit)
                return nil
            } catch {
                if error.isFatal { round.hasFatal = true }
                guard error.isRetriable, NIODeadline.now() < limit, !isStoppingLate else {
                    return .transaction(error.failure)
                }
            }
        }
    }

    private func abort(_ client: ClientHandle, _ round: inout Round) {
        let limit = NIODeadline.now() + Self.commitLimit
        while !round.hasFatal {
            do throws(TransactionFailure) {
                try client.abortTransaction(milliseconds: Self.callLimit)
                return
            } catch {
                if error.isFatal { round.hasFatal = true }
                // A client whose transaction hangs is replaced: its successor's claim ends what it left open.
                guard error.isRetriable, NIODeadline.now() < limit, !isStoppingLate else {
                    round.hasFatal = true
                    return
                }
            }
        }
    }

    /// Whether the time for stopping is over.
    private var isStoppingLate: Bool {
        if case .stopping(let deadline) = state.withLock({ $0.phase }) { return NIODeadline.now() >= deadline }
        return false
    }
}
