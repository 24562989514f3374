import Agent
import CRdKafka
import Events
import NIOCore
import TestSupport
import Testing

@testable import Kafka

/// Events that Kafka will never take.
@Suite(
    .serialized,
    .disabled(if: !Broker.isAvailable, "\(Broker.whyNone ?? "")"),
    .disabled(if: KcatReader.program == nil, "kcat is not installed")
)
struct DeadLetterTests {
    private let bootstrap: String

    init() throws { bootstrap = try Broker.shared.get() }

    private func header(_ record: KcatReader.Record, _ name: String) -> String? {
        record.headers.last { $0.name == name }?.value
    }

    @Test func tooLargeEventGoesInPartsAndStopsNobody() async throws {
        let topic = try await Topics.make("good", partitions: 1, on: bootstrap)
        let letters = try await Topics.make("letters", partitions: 1, on: bootstrap)
        let body = String((0..<600_000).map { Character(UnicodeScalar(UInt8(97 + $0 % 26))) })
        let events = [
            Event(body: "before"), Event(headers: ["key": "k", "host": "h1"], body: body), Event(body: "behind"),
            Event(headers: ["part": "x"], body: "no partition"),
        ]
        let keys = [
            "kafka.topic": topic, "deadLetterTopic": letters, "kafka.producer.max.request.size": "500000",
            "partitionIdHeader": "part",
        ]
        try await SinkHarness.run(bootstrap, keys) { harness in
            let value1 = try await harness.deliver(events).isDelivered
            #expect(value1)
            let value2 = try await harness.deliver([Event(body: "last")], number: 1).isDelivered
            #expect(value2)
            #expect(harness.counter("DeadLetterCount") == 2)
            #expect(harness.sink.trouble == nil)
            #expect(harness.capture.warnings.contains { $0.message.contains("dead-letter") })
        }
        let value3 = try await KcatReader.read(topic, from: bootstrap).map(\.payload)
        #expect(value3 == ["before", "behind", "last"])
        let found = try await KcatReader.read(letters, from: bootstrap)
        let large = found.filter { header($0, "deadletter.error") == "MSG_SIZE_TOO_LARGE" }
        #expect(large.count == 3)
        #expect(large.compactMap(\.payload).joined() == body)
        #expect(large.map { header($0, "deadletter.part") } == ["1", "2", "3"])
        for record in large {
            #expect(record.key == "k")
            #expect(header(record, "host") == "h1")
            #expect(header(record, "deadletter.parts") == "3")
            #expect(header(record, "deadletter.topic") == topic)
            #expect(header(record, "deadletter.reason")?.contains("too large") == true)
        }
        let other = found.filter { header($0, "deadletter.error") == "INVALID_EVENT" }
        #expect(other.map(\.payload) == ["no partition"])
        #expect(other.first.flatMap { header($0, "deadletter.reason") } == "Non integer partition id specified")
    }

    @Test func withoutATopicForThemTheyStayAndShow() async throws {
        let topic = try await Topics.make("stuck", partitions: 1, on: bootstrap)
        let events = [Event(body: "a"), Event(body: String(repeating: "x", count: 300_000)), Event(body: "b")]
        let keys = ["kafka.topic": topic, "kafka.producer.max.request.size": "200000"]
        try await SinkHarness.run(bootstrap, keys) { harness in
            for number in 0..<3 {
                let outcome = try await harness.deliver(events, number: UInt64(number))
                #expect(outcome.failed(of: 3) == [1])
            }
            #expect(harness.sink.trouble?.contains("stays in the channel") == true)
            // Once a minute.
            #expect(harness.capture.warnings.count == 1)
            let value4 = try await harness.deliver([Event(body: "c")], number: 3).isDelivered
            #expect(value4)
            #expect(harness.sink.trouble == nil)
        }
    }

    /// A topic that is not there makes letters, and stops nobody.
    @Test func unknownTopicMakesALetter() async throws {
        let cluster = try #require(MockCluster())
        for name in ["t", "gone", "letters"] { cluster.makeTopic(name) }
        cluster.setError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, of: "gone")
        let keys = [
            "kafka.topic": "t", "deadLetterTopic": "letters",
            "kafka.producer.topic.metadata.propagation.max.ms": "500",
        ]
        try await SinkHarness.run(cluster.bootstrap, keys) { harness in
            let events = [Event(body: "a"), Event(headers: ["topic": "gone"], body: "b"), Event(body: "c")]
            for number in 0..<2 as Range<UInt64> {
                let isDelivered = try await harness.deliver(events, number: number).isDelivered
                #expect(isDelivered)
            }
            #expect(harness.counter("DeadLetterCount") == 2)
            #expect(harness.sink.trouble == nil)
        }
        let payloads = try await KcatReader.read("t", from: cluster.bootstrap).map(\.payload)
        #expect(payloads == ["a", "c", "a", "c"])
        let letters = try await KcatReader.read("letters", from: cluster.bootstrap)
        #expect(letters.map(\.payload) == ["b", "b"])
        #expect(letters.map { header($0, "deadletter.topic") } == ["gone", "gone"])
        // The broker's word, and then librdkafka's own, which remembers it.
        #expect(letters.map { header($0, "deadletter.error") } == ["UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC"])
    }

    /// A topic that is not ours to write to.
    @Test func forbiddenTopicMakesALetter() async throws {
        let cluster = try #require(MockCluster())
        for name in ["t", "letters"] { cluster.makeTopic(name) }
        cluster.failNext(.produce, with: [RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED])
        try await SinkHarness.run(cluster.bootstrap, ["kafka.topic": "t", "deadLetterTopic": "letters"]) { harness in
            let isDelivered = try await harness.deliver([Event(body: "a")]).isDelivered
            #expect(isDelivered)
        }
        let letters = try await KcatReader.read("letters", from: cluster.bootstrap)
        #expect(letters.map(\.payload) == ["a"])
        #expect(letters.first.flatMap { header($0, "deadletter.error") } == "TOPIC_AUTHORIZATION_FAILED")
    }

    /// A letter that Kafka does not take either leaves the event where it was.
    @Test func letterThatFailsIsNoDelivery() async throws {
        let cluster = try #require(MockCluster())
        cluster.makeTopic("t")
        cluster.makeTopic("letters")
        let keys = ["kafka.topic": "t", "deadLetterTopic": "letters"]
        try await SinkHarness.run(cluster.bootstrap, keys) { harness in
            let value5 = try await harness.deliver([Event(body: "a")]).isDelivered
            #expect(value5)
            cluster.failNext(.produce, with: [RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR_INVALID_RECORD])
            let outcome = try await harness.deliver([Event(body: "b")], number: 1)
            #expect(outcome.failed(of: 1) == [0])
            cluster.failNext(.produce, with: [RD_KAFKA_RESP_ERR_INVALID_RECORD])
            let value6 = try await harness.deliver([Event(body: "b")], number: 2).isDelivered
            #expect(value6)
            #expect(harness.log.seen.repeated.isEmpty)
        }
    }

    @Test func headersGoAlongWhenAsked() async throws {
        let topic = try await Topics.make("copied", partitions: 1, on: bootstrap)
        let events = [Event(headers: ["key": "k", "host": "h", "FLUME": "f", "empty": ""], body: "x")]
        let keys = ["kafka.topic": topic, "copyHeaders": "true", "header.FLUME": "KAFKA"]
        try await SinkHarness.run(bootstrap, keys) { harness in
            let value7 = try await harness.deliver(events).isDelivered
            #expect(value7)
        }
        let record = try #require(try await KcatReader.read(topic, from: bootstrap).first)
        #expect(record.headers.map { "\($0.name)=\($0.value)" }.sorted() == ["KAFKA=f", "empty=", "host=h"])
    }
}
