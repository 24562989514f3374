internal import Agent
internal import Synchronization

/// A client's statistics as counters of its component; there from the first statistics on.
final class StatisticsCounters: Sendable {
    private struct State {
        var latest: ClientStatistics?
        var names: Set<String> = []
    }

    private let group: CounterGroup
    private let state = Mutex(State())

    init(_ group: CounterGroup) {
        self.group = group
    }

    /// Takes what librdkafka says (`statistics.interval.ms`).
    func take(_ json: String) {
        let statistics = ClientStatistics(json)
        var readings: [(name: String, value: @Sendable (ClientStatistics) -> String)] = [
            ("KafkaQueueCount", { String($0.number("msg_cnt")) }),
            ("KafkaQueueBytes", { String($0.number("msg_size")) }),
            ("KafkaRequestCount", { String($0.number("tx")) }),
            ("KafkaRequestErrorCount", { String($0.sum("txerrs")) }),
            ("KafkaRetryCount", { String($0.sum("txretries")) }),
        ]
        for broker in statistics.brokers {
            readings.append(("KafkaBroker.\(broker).State", { $0.word("brokers", broker, "state") }))
            readings.append(
                ("KafkaBroker.\(broker).RoundTripMicros", { String($0.number("brokers", broker, "rtt", "avg")) })
            )
        }
        let new = state.withLock { state in
            state.latest = statistics
            return readings.filter { state.names.insert($0.name).inserted }
        }
        for (name, value) in new {
            group.computed(name) { [weak self] in
                guard let latest = self?.state.withLock({ $0.latest }) else { return "0" }
                return value(latest)
            }
        }
    }
}
