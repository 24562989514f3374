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

    /// Offers what may be offered.
    func offer() {
        while let attempt = state.withLock({ $0.queue.next() }) { offer(attempt) }
    }

    private func offer(_ attempt: BatchQueue.Attempt) {
        var attempt = attempt
        if !attempt.parcel.isIntercepted {
            attempt.parcel.batch = processor.intercept(attempt.parcel.batch)
            attempt.parcel.isIntercepted = true
        }
        let offered = attempt
        let passage = processor.process(offered.parcel.batch, isIntercepted: true, on: eventLoop) { [self] in
            if state.withLock({ $0.admitted(offered.id) }) { offer() }
        } acknowledged: { [self] answer in
            switch answer {
            case .acknowledged: acknowledged(offered)
            case .refused: refused(offered)
            }
        }
        state.withLock { state in
            if state.queue.offering == offered.id { state.passage = passage }
        }
    }

    private func acknowledged(_ attempt: BatchQueue.Attempt) {
        counters.common.eventAccepted.add(attempt.parcel.count)
        counters.common.appendBatchAccepted.add()
        let isAwaited = state.withLock { state in
            _ = state.admitted(attempt.id)
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
            _ = state.admitted(attempt.id)
            return state.queue.refused(attempt)
        }
        guard let pause else { return }
        eventLoop.scheduleTask(in: pause) { [self] in
            state.withLock { $0.queue.rested() }
            offer()
        }
    }
}

extension KafkaSource.State {
    fileprivate mutating func admitted(_ id: UInt64) -> Bool {
        guard queue.admitted(id) else { return false }
        passage = nil
        return true
    }
}
