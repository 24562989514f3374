internal import Agent
internal import Logging
internal import NIOCore
internal import Synchronization

// What the client says beside records, and whether its brokers are there.
extension SourceReader {
    /// Looks at what the client has to say, and waits for the first of it.
    func takeEvents(of consumer: ConsumerHandle, milliseconds: Int32) {
        var timeout = milliseconds
        while let event = consumer.client.poll(milliseconds: timeout) {
            timeout = 0
            take(event)
        }
    }

    func take(_ event: borrowing ClientEvent) {
        switch event.kind {
        case .commit:
            if let start = commitStart {
                source.counters.commitTimer.add(Int((.now() - start).nanoseconds / 1_000_000))
            }
            commitStart = nil
            settle(event.commit)
        case .error:
            let failure = event.failure
            source.logger.debug("Kafka client error", metadata: ["error.message": "\(failure)"])
            if failure.isAllBrokersDown {
                health.allBrokersDown(now: .now())
            } else {
                health.error(failure.advised(for: .consumer))
            }
        case .log:
            if let line = event.logLine {
                source.logger.debug(
                    "Kafka client log",
                    metadata: ["facility": "\(line.facility)", "text": "\(line.text)"]
                )
            }
        case .statistics:
            if let text = event.statistics { source.counters.statistics.take(text) }
        case .deliveries, .other: break
        }
    }

    func act(_ action: BrokerHealth.Action) {
        switch action {
        case .none: break
        case .down(let reason):
            let message = "Kafka at \(source.settings.bootstrapServers) cannot be reached: \(reason)"
            source.state.withLock { $0.brokerTrouble = message }
            source.logger.warning("\(message)")
        case .up:
            source.state.withLock { $0.brokerTrouble = nil }
            source.logger.info(
                "Kafka is reached again",
                metadata: ["bootstrap.servers": "\(source.settings.bootstrapServers)"]
            )
        }
    }
}
