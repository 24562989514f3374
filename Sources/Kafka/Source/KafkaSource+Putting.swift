internal import Agent
internal import Events
internal import NIOCore
internal import Synchronization

// Batches on their way to the channels; any thread.
extension KafkaSource {
    /// Takes over a batch that is full, or old enough.
    func put(_ batch: EventBatch, _ runs: [BatchQueue.Parcel.Run], _ ends: [PartitionOffset]) {
        counters.common.eventReceived.add(batch.count)
        counters.common.appendBatchReceived.add()
        state.withLock { state in
            let number = state.ledger.sent(ends)
            state.queue.add(.init(number: number, batch: batch, runs: runs))
        }
        offer()
    }

    /// Offers what may be offered. A channel may answer from within: what that sets free is offered here, by whoever is at it
    /// already, so that the stack does not grow with the batches.
    func offer() {
        let isMine = state.withLock { state in
            defer { state.isOffering = true }
            return !state.isOffering
        }
        guard isMine else { return }
        while let attempt = state.withLock({ state in
            let next = state.queue.next()
            // In the same moment: who comes later finds nobody at it.
            state.isOffering = next != nil
            return next
        }) {
            offer(attempt)
        }
    }

    private func offer(_ attempt: BatchQueue.Attempt) {
        var attempt = attempt
        if !attempt.parcel.isIntercepted {
            attempt.parcel.batch = processor.intercept(attempt.parcel.batch)
            attempt.parcel.isIntercepted = true
        }
        let offered = attempt
        state.withLock { $0.underWay[offered.id] = (offered, nil) }
        let passage = processor.process(offered.parcel.batch, isIntercepted: true, on: eventLoop) { [self] in
            if state.withLock({ $0.queue.admitted(offered.id) }) { offer() }
        } acknowledged: { [self] answer in
            switch answer {
            case .acknowledged: acknowledged(offered)
            case .refused: refused(offered)
            }
        }
        state.withLock { state in
            // Not where it is settled already.
            if state.underWay[offered.id] != nil { state.underWay[offered.id]?.passage = passage }
        }
    }

    private func acknowledged(_ attempt: BatchQueue.Attempt) {
        counters.common.eventAccepted.add(attempt.parcel.count)
        counters.common.appendBatchAccepted.add()
        let isAwaited = state.withLock { state in
            state.underWay[attempt.id] = nil
            state.queue.acknowledged(attempt)
            state.ledger.acknowledged(attempt.parcel.number)
            defer { state.isWaiting = false }
            return state.isWaiting
        }
        if isAwaited { wake() }
        offer()
    }

    /// The batch stays here and is offered again.
    private func refused(_ attempt: BatchQueue.Attempt) {
        counters.common.channelWriteFail.add()
        let pause = state.withLock { state in
            state.underWay[attempt.id] = nil
            let (ledger, number) = (state.ledger, attempt.parcel.number)
            return state.queue.refused(attempt) { !ledger.isCurrent($0, of: number) }
        }
        guard let pause else {
            // Where nothing is left of it, what is behind it is next.
            offer()
            return
        }
        eventLoop.scheduleTask(in: pause) { [self] in
            state.withLock { $0.queue.rested() }
            offer()
        }
    }
}
