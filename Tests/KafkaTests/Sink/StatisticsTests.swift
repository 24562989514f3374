import Agent
import Events
import TestSupport
import Testing

@testable import Kafka

@Suite struct StatisticsTests {
    @Test func readsWhatLibrdkafkaWrites() {
        let statistics = ClientStatistics(
            #"""
            { "name": "a\"b", "msg_cnt":7, "list": [1, {"x": 2}], "empty": {}, "none": [],
              "brokers": { "b:9092/1": { "nodeid":1, "state":"UP", "txretries":2, "rtt": { "avg":1500 } },
                           "c:9092/2": { "nodeid":2, "state":"DOWN", "txretries":3, "rtt": { "avg":0 } },
                           "GroupCoordinator": { "nodeid":-1, "state":"INIT", "txretries":0 } } }
            """#
        )
        #expect(statistics.word("name") == "a\"b")
        #expect(statistics.number("msg_cnt") == 7)
        #expect(statistics.brokers == ["b:9092/1", "c:9092/2"])
        #expect(statistics.number("brokers", "b:9092/1", "rtt", "avg") == 1500)
        #expect(statistics.sum("txretries") == 5)
        #expect(ClientStatistics("{ \"a\": 1, \"b\": {").number("a") == 1)
    }

    @Test(.disabled(if: !Broker.isAvailable, "\(Broker.whyNone ?? "")")) func becomeCounters() async throws {
        let bootstrap = try Broker.shared.get()
        let topic = try await Topics.make("statistics", partitions: 1, on: bootstrap)
        let keys = ["kafka.topic": topic, "kafka.producer.statistics.interval.ms": "100"]
        try await SinkHarness.run(bootstrap, keys) { harness in
            let outcome = try await harness.deliver([Event(body: "x")])
            #expect(outcome.isDelivered)
            try await Waiting.until("a broker is up", within: 10) {
                harness.counters.group.snapshot().contains { $0.name.hasSuffix(".State") && $0.value == "UP" }
            }
            #expect(harness.counter("KafkaRequestCount") > 0)
            #expect(harness.counter("KafkaQueueCount") == 0)
        }
    }
}
