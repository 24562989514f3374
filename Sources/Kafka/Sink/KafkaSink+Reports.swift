internal import Agent
internal import Logging
internal import NIOCore
internal import Synchronization

// What librdkafka has to say, on the event loop.
extension KafkaSink {
    /// Events taken before the loop's other work gets its turn.
    private static let eventsPerTurn = 64

    /// Has the reports taken; for librdkafka's threads.
    func scheduleReports() {
        eventLoop.execute { [self] in takeReports() }
    }

    private func takeReports() {
        if takeEvents() { scheduleReports() }
        // What failed with the client is reported when there is another, so that who tries again at once finds one that works.
        if client.withLock({ $0?.hasEnded == true }) {
            wake()
        } else {
            settleOutcomes()
        }
    }

    /// Takes what has come; any thread may. Returns whether there may be more.
    @discardableResult
    func takeEvents() -> Bool {
        // Under the lock, for an event must be gone before its client.
        client.withLock { client in
            guard let client else { return false }
            for _ in 0..<Self.eventsPerTurn {
                guard let event = client.poll(milliseconds: 0) else { return false }
                take(event)
            }
            return true
        }
    }

    private func take(_ event: borrowing ClientEvent) {
        switch event.kind {
        case .deliveries: takeDeliveries(event)
        case .error: tell(.error(event.failure, isFatal: event.isFatal))
        case .log:
            if let line = event.logLine {
                logger.debug("Kafka client log", metadata: ["facility": "\(line.facility)", "text": "\(line.text)"])
            }
        case .statistics:
            if let text = event.statistics { tell(.statistics(text)) }
        case .commit, .other: break
        }
    }

    private func tell(_ word: Word) {
        state.withLock { $0.heard.append(word) }
        wake()
    }

    private func takeDeliveries(_ event: borrowing ClientEvent) {
        let isThreadAwaited = state.withLock { state in
            var isAcknowledged = false
            event.forEachDelivery { opaque, error in
                let slot = Int(opaque >> 32)
                let mark = RecordProducer.letterMark
                let index = DeliveryLedger.index(opaque)
                if error == 0 {
                    isAcknowledged = true
                    state.ledger.acknowledge(slot: slot, index: index)
                } else if index & mark == 0 {
                    state.ledger.fail(slot: slot, index: index, .kafka(error))
                } else {
                    state.ledger.giveUp(slot: slot, index: index & ~mark, .kafka(error))
                }
            }
            let isUp = isAcknowledged && state.trouble != nil
            if isAcknowledged {
                state.acknowledged = .now()
                state.trouble = nil
            }
            let isOver = state.phase != .running && state.ledger.heldEvents == 0
            return isUp || isOver || state.ledger.stall != nil || state.ledger.hasLetters
        }
        if isThreadAwaited { wake() }
    }
}
