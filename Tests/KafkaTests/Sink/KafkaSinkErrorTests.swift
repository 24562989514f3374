import Agent
import CRdKafka
import Events
import NIOCore
import Testing

@testable import Kafka

/// Errors that no test can make a real broker give at will, from librdkafka's mock cluster in this process. Whether
/// records arrive is not asked here: see `KafkaSinkRecordTests`.
@Suite(.serialized) struct KafkaSinkErrorTests {
    private let cluster: MockCluster

    init() throws {
        cluster = try #require(MockCluster())
        cluster.makeTopic("t")
    }

    private func run(_ keys: [String: String] = [:], _ body: (SinkHarness) async throws -> Void) async throws {
        try await SinkHarness.run(cluster.bootstrap, ["kafka.topic": "t"].merging(keys) { $1 }, body)
    }

    private let events = (0..<10).map { Event(body: "\($0)") }

    @Test func retriableErrorsAreRetried() async throws {
        try await run { harness in
            cluster.failNext(
                .produce,
                with: [RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT]
            )
            let outcome = try await harness.deliver(events)
            #expect(outcome.isDelivered)
            #expect(harness.counter("RollbackCount") == 0)
        }
    }

    @Test func permanentErrorFailsTheBatch() async throws {
        // Time enough for all events to be in one request, which is what the cluster refuses.
        try await run(["kafka.producer.linger.ms": "5"]) { harness in
            cluster.failNext(.produce, with: [RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED])
            let outcome = try await harness.deliver(events)
            #expect(outcome.failed(of: 10) == Array(0..<10))
            #expect(outcome.failure?.message.contains("TOPIC_AUTHORIZATION_FAILED") == true)
            // Somebody may grant it.
            #expect(outcome.failure?.isRetriable == true)
            #expect(harness.counter("RollbackCount") == 1)
            // librdkafka refuses the topic until it has asked for its metadata again, which it does within a second or two.
            var delivered = false
            for number in 1...50 where !delivered {
                delivered = try await harness.deliver(events, number: UInt64(number)).isDelivered
                if !delivered { try await Task.sleep(for: .milliseconds(200)) }
            }
            #expect(delivered)
        }
    }

    @Test func recordsThatABrokerNeverTakesAreNotRetriable() async throws {
        try await run { harness in
            cluster.failNext(.produce, with: [RD_KAFKA_RESP_ERR_INVALID_RECORD])
            let outcome = try await harness.deliver(events)
            #expect(outcome.failure?.isRetriable == false)
        }
    }

    @Test func fullQueueMakesBusyUntilThereIsRoom() async throws {
        try await run(["kafka.producer.queue.buffering.max.messages": "10", "kafka.maxHeldEvents": "1000"]) { harness in
            let first = try await harness.deliver(events)
            #expect(first.isDelivered)
            cluster.setRoundTrip(milliseconds: 100)
            let batch = EventBatch.of((0..<35).map { Event(body: "\($0)") })
            #expect(harness.sink.submit(batch, number: 1, deadline: nil) == .accepted)
            #expect(harness.sink.submit(batch, number: 2, deadline: nil) == .busy)
            let seen = try await harness.log.wait { $0.ready == 1 }
            #expect(!seen.delivered.contains(2))
            #expect(harness.sink.submit(batch, number: 2, deadline: nil) == .accepted)
            let last = try await harness.log.wait { $0.outcomes.count == 3 }
            #expect(last.delivered.sorted() == [0, 1, 2])
            #expect(last.repeated.isEmpty)
        }
    }

    @Test func unansweredRecordsTimeOut() async throws {
        try await run(["kafka.producer.delivery.timeout.ms": "1000"]) { harness in
            let first = try await harness.deliver(events)
            #expect(first.isDelivered)
            cluster.setDown()
            let start = NIODeadline.now()
            let outcome = try await harness.deliver(events, number: 1)
            #expect(outcome.failed(of: 10) == Array(0..<10))
            #expect(outcome.failure?.isRetriable == true)
            #expect(NIODeadline.now() - start < .seconds(4))
            cluster.setUp()
            // Connecting again may take most of a record's second.
            var delivered = false
            for number in 2...20 where !delivered {
                delivered = try await harness.deliver(events, number: UInt64(number)).isDelivered
            }
            #expect(delivered)
        }
    }

    @Test func stoppingGivesUpAtItsDeadline() async throws {
        let harness = try SinkHarness(cluster.bootstrap, ["kafka.topic": "t"])
        try await harness.sink.start(harness.log.reports)
        let first = try await harness.deliver(events)
        #expect(first.isDelivered)
        cluster.setRoundTrip(milliseconds: 5000)
        try await harness.submit([.of(events)], from: 1)
        let start = NIODeadline.now()
        await harness.sink.stop(deadline: start + .seconds(1))
        #expect(NIODeadline.now() - start < .milliseconds(1600))
        let seen = harness.log.seen
        #expect(seen.outcomes[1]?.failed(of: 10) == Array(0..<10))
        #expect(seen.repeated.isEmpty)
        cluster.setRoundTrip(milliseconds: 0)
        try await Task.sleep(for: .milliseconds(500))
        #expect(harness.log.seen.outcomes.count == 2)
        #expect(harness.log.seen.repeated.isEmpty)
    }

    @Test func clientWithAFatalErrorIsReplaced() async throws {
        cluster.failNext(.initProducerID, with: [RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED])
        try await run(["kafka.producer.enable.idempotence": "true", "kafka.producer.acks": "all"]) { harness in
            // The first may fail with the client; the next has a new one.
            _ = try await harness.deliver(events)
            let outcome = try await harness.deliver(events, number: 1)
            #expect(outcome.isDelivered)
            #expect(harness.capture.warnings.contains { $0.message.contains("is replaced") })
        }
    }

    @Test func filesThatCannotBeReadStopTheStart() async throws {
        let harness = try SinkHarness(
            cluster.bootstrap,
            ["kafka.producer.security.protocol": "SSL", "kafka.producer.ssl.ca.location": "/no/such/file.pem"]
        )
        let error = await #expect(throws: ComponentError.self) { try await harness.sink.start(harness.log.reports) }
        #expect(error?.code == .environment)
        #expect(error?.message.contains("k1") == true)
        // Nothing runs, so this returns at once.
        await harness.sink.stop(deadline: .now() + .seconds(1))
    }
}
