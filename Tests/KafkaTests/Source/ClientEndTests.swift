import CRdKafka
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Agent
@testable import Kafka

/// A client that was made ends, or it is told.
@Suite(.serialized) struct ClientEndTests {
    /// Where there can be no thread nobody is left to close the client.
    @Test func noThread() throws {
        let source = try SourceHarness("127.0.0.1:1", ["kafka.topics": "t"]).source
        weak var made: ConsumerHandle?
        #expect(throws: ComponentError.self) {
            try source.begin { _, _ in
                made = source.currentConsumer()
                return false
            }
        }
        #expect(made == nil)
    }

    /// librdkafka's `rd_kafka_destroy` waits for ever while anything of the client is in use. A stop does not wait so long.
    @Test func aClientThatHangsIsLeftBehind() async throws {
        let mock = try #require(MockCluster())
        let topic = Topics.name("hang")
        mock.makeTopic(topic)
        try await RecordWriter.write((0..<100).map { .init("\($0)") }, to: topic, on: mock.bootstrap)
        // The source reads one record, has no room for more, and leaves the rest to the test.
        let keys = [
            "kafka.topics": topic, "kafka.consumer.group.id": Topics.name("g"), "batchSize": "1",
            "kafka.maxHeldEvents": "1",
        ]
        let harness = try SourceHarness(mock.bootstrap, keys, capacity: 1)
        try await harness.source.start()
        try await Waiting.until("it has no room", within: 30) { harness.counter("EventReceivedCount") > 1 }
        var held: UnsafeMutablePointer<rd_kafka_message_t>?
        var rounds = 0
        try await Waiting.until("a record is held", within: 30) {
            rounds += 1
            // After half a second it drops what librdkafka has read ahead, and reads again when there is room.
            if rounds % 100 == 0 { harness.take(upTo: 1) }
            held = harness.source.currentConsumer()?.client.withClient { rd_kafka_consumer_poll($0, 0) }
            return held != nil
        }
        await harness.source.quiesce()
        let start = NIODeadline.now()
        await harness.source.stop(deadline: start + .seconds(30))
        #expect(NIODeadline.now() - start < .seconds(15))
        #expect(harness.capture.warnings.map(\.message).contains { $0.contains("left behind") })
        rd_kafka_message_destroy(held)
        try await Waiting.until("the client has ended", within: 30) {
            harness.source.state.withLock { $0.phase == .ended }
        }
    }
}
