internal import Agent
internal import Logging
internal import NIOCore
internal import Synchronization

// Events that Kafka will never take, on the sink's own thread.
extension KafkaSink {
    /// Gives the letters that are due to librdkafka, as many as it takes.
    func writeLetters() {
        var written = 0
        var last: EventFailure?
        while var letter = state.withLock({ $0.ledger.takeLetter() }) {
            let isNew = letter.parts == 0
            let result = producer.withLock { producer in
                producer?.write(&letter) ?? .failed(.stopped)
            }
            let isFull = state.withLock { state in
                if isNew { state.ledger.expect(max(letter.parts, 1), slot: letter.slot) }
                switch result {
                case .queued: return false
                case .full:
                    state.ledger.putBack(letter)
                    return true
                case .failed(let failure):
                    for _ in letter.part..<max(letter.parts, 1) {
                        state.ledger.giveUp(slot: letter.slot, index: letter.index, failure)
                    }
                    return false
                }
            }
            if isFull { break }
            written += 1
            last = letter.failure
        }
        guard written > 0, let last else { return }
        counters.deadLetters.add(written)
        guard let suppressed = state.withLock({ $0.letterWarnings.pass(.now(), weight: written) }) else { return }
        logger.warning(
            "events that Kafka does not take go to the dead-letter topic",
            metadata: [
                "deadLetterTopic": "\(settings.deadLetterTopic ?? "")",
                "events": "\(written)",
                "events.since-last-message": "\(suppressed)",
                "error.message": "\(last.message)",
            ]
        )
    }
}
