import Agent
import Events
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Kafka

/// What arrives in Kafka, read back by kcat from a real broker.
@Suite(.serialized, .enabled(if: Broker.isAvailable, "no Kafka: \(Broker.whyNone ?? "")"))
struct KafkaSinkRecordTests {
    private let bootstrap: String

    init() throws {
        bootstrap = try Broker.shared.get()
    }

    @Test func everyEventOnceOnItsKeysPartition() async throws {
        let topic = try await Topics.make("keys", partitions: 7, on: bootstrap)
        try await SinkHarness.run(bootstrap, ["kafka.topic": topic]) { harness in
            let batches = (0..<100).map { batch in
                EventBatch.of(
                    (0..<100).map { Event(headers: ["key": "k\(batch * 7 + $0 % 13)"], body: "\(batch * 100 + $0)") }
                )
            }
            try await harness.submit(batches)
            let seen = try await harness.log.wait { $0.outcomes.count == 100 }
            #expect(seen.delivered.count == 100)
            #expect(seen.repeated.isEmpty)
            #expect(harness.counter("RollbackCount") == 0)
            #expect(harness.counter("KafkaEventSendTimer") >= 0)
        }
        let records = try await KcatReader.read(topic, from: bootstrap)
        #expect(records.compactMap(\.payload).compactMap(Int.init).sorted() == Array(0..<10_000))
        let misplaced = records.count { $0.partition != Murmur2.partition($0.key ?? "", of: 7) }
        #expect(misplaced == 0)
        #expect(Set(records.map(\.partition)).count == 7)
        // One producer keeps the order of a key.
        for (_, same) in Dictionary(grouping: records, by: \.key) {
            let numbers = same.compactMap { $0.payload.flatMap(Int.init) }
            #expect(numbers == numbers.sorted())
        }
    }

    @Test func headersNameTopicPartitionTimestampAndRecordHeaders() async throws {
        let topic = try await Topics.make("main", partitions: 3, on: bootstrap)
        let other = try await Topics.make("other", partitions: 1, on: bootstrap)
        let keys = [
            "kafka.topic": topic, "partitionIdHeader": "p", "timestampHeader": "ts", "header.trace": "X-Trace",
            "header.key": "K", "defaultPartitionId": "1",
        ]
        // An hour ago: a broker may drop records that are older than it keeps any.
        let stamp = Int(Date().timeIntervalSince1970 * 1000) - 3_600_000
        try await SinkHarness.run(bootstrap, keys) { harness in
            let outcome = try await harness.deliver([
                Event(headers: ["p": "2", "ts": "\(stamp)", "trace": "a", "key": "k", "more": "m"], body: "one"),
                Event(headers: ["topic": other, "p": "0"], body: "two"),
                Event(headers: ["ts": "noon"], body: ""),
            ])
            #expect(outcome.isDelivered)
            #expect(harness.capture.warnings.count == 1)
            #expect(harness.capture.warnings.first?.metadata["header"] == "ts")
        }
        let main = try await KcatReader.read(topic, from: bootstrap)
        try #require(main.count == 2)
        #expect(main[0].partition == 1)
        #expect(main[0].payload == "")
        #expect(main[0].key == nil)
        #expect(main[0].headers.isEmpty)
        #expect(main[0].timestamp > stamp + 3_000_000)
        #expect(main[1].partition == 2)
        #expect(main[1].payload == "one")
        #expect(main[1].timestamp == stamp)
        #expect(main[1].headers.map { "\($0.name)=\($0.value)" }.sorted() == ["K=k", "X-Trace=a"])
        #expect(try await KcatReader.read(other, from: bootstrap).compactMap(\.payload) == ["two"])
    }

    /// Records that go to librdkafka one by one (they have a time, headers or a partition) stand among those that go many at
    /// a time, and so do events that cannot be produced; a key's order holds all the same, and each event counts once, also
    /// where librdkafka is full again and again.
    @Test(arguments: [100_000, 10])
    func orderHoldsAcrossAllWaysToProduce(room: Int) async throws {
        let topic = try await Topics.make("mixed", partitions: 1, on: bootstrap)
        let other = try await Topics.make("mixed-other", partitions: 1, on: bootstrap)
        let keys = [
            "kafka.topic": topic, "partitionIdHeader": "p", "timestampHeader": "ts", "header.trace": "X-Trace",
            "kafka.maxHeldEvents": "100000", "kafka.producer.queue.buffering.max.messages": "\(room)",
        ]
        let now = Int(Date().timeIntervalSince1970 * 1000)
        // Runs of up to 150 plain events: longer than one call takes.
        let events = (0..<2_000).map { number -> Event in
            let body = ByteBuffer(string: "\(number)")
            switch number % 151 {
            case 0: return Event(headers: ["ts": "\(now)"], body: body)
            case 1: return Event(headers: ["p": "0"], body: body)
            case 2: return Event(headers: ["trace": "t"], body: body)
            case 3: return Event(headers: ["topic": other], body: body)
            case 4, 70: return Event(headers: ["p": "none"], body: body)
            case 5: return Event(body: ByteBuffer(repeating: UInt8(ascii: "x"), count: 2 << 20))
            default: return Event(body: body)
            }
        }
        let failed = events.indices.filter { [4, 5, 70].contains($0 % 151) }
        try await SinkHarness.run(bootstrap, keys) { harness in
            let outcome = try await harness.deliver(events)
            #expect(outcome.failed(of: events.count) == failed)
        }
        let numbers = { (topic: String) in
            try await KcatReader.read(topic, from: bootstrap).compactMap { $0.payload.flatMap(Int.init) }
        }
        #expect(try await numbers(topic) == events.indices.filter { ![3, 4, 5, 70].contains($0 % 151) })
        #expect(try await numbers(other) == events.indices.filter { $0 % 151 == 3 })
    }

    @Test func overrideOffTakesTheTopicAsItStands() async throws {
        let topic = try await Topics.make("fixed", partitions: 1, on: bootstrap)
        try await SinkHarness.run(bootstrap, ["kafka.topic": topic, "allowTopicOverride": "false"]) { harness in
            let outcome = try await harness.deliver([Event(headers: ["topic": "elsewhere"], body: "x")])
            #expect(outcome.isDelivered)
        }
        #expect(try await KcatReader.read(topic, from: bootstrap).count == 1)
        // An escape is no escape then, and so no topic name.
        try await SinkHarness.run(bootstrap, ["kafka.topic": "a-%{b}", "allowTopicOverride": "false"]) { harness in
            let outcome = try await harness.deliver([Event(headers: ["b": "c"], body: "x")])
            #expect(outcome.failure?.message.contains("a-%{b}") == true)
            #expect(outcome.failure?.isRetriable == false)
        }
    }

    @Test func topicsFromHeadersAndTime() async throws {
        let word = Topics.name("by")
        for name in ["\(word)-red-2009", "\(word)-blue-2009"] { try await Topics.makeNamed(name, on: bootstrap) }
        try await SinkHarness.run(bootstrap, ["kafka.topic": "\(word)-%{color}-%Y"]) { harness in
            let outcome = try await harness.deliver([
                Event(headers: ["color": "red", "timestamp": "1234567890123"], body: "1"),
                Event(headers: ["color": "blue", "timestamp": "1234567890123"], body: "2"),
                Event(headers: ["color": "red"], body: "3"),
                Event(headers: ["color": "red", "timestamp": "1234567890123"], body: "4"),
            ])
            #expect(outcome.failed(of: 4) == [2])
            #expect(outcome.failure?.message.contains("timestamp") == true)
        }
        #expect(try await KcatReader.read("\(word)-red-2009", from: bootstrap).compactMap(\.payload) == ["1", "4"])
        #expect(try await KcatReader.read("\(word)-blue-2009", from: bootstrap).compactMap(\.payload) == ["2"])
    }

    @Test func eventFormatIsTheEventsAvro() async throws {
        let topic = try await Topics.make("avro", partitions: 1, on: bootstrap)
        try await SinkHarness.run(bootstrap, ["kafka.topic": topic, "useFlumeEventFormat": "true"]) { harness in
            let outcome = try await harness.deliver([Event(headers: ["a": "b"], body: "x")])
            #expect(outcome.isDelivered)
        }
        // One map entry, "a", "b", end of map, one byte, "x".
        let bytes = try await KcatReader.read(topic, from: bootstrap).first?.payload.map { Array($0.utf8) }
        #expect(bytes == [0x02, 0x02, 0x61, 0x02, 0x62, 0x00, 0x02, 0x78])
    }

    @Test func fiftyTopicsByHeader() async throws {
        let word = Topics.name("fifty")
        let names = (0..<50).map { "\(word)-\($0)" }
        for name in names { try await Topics.makeNamed(name, on: bootstrap) }
        try await SinkHarness.run(bootstrap) { harness in
            // In turn, so that every batch goes to all of them.
            let batches = (0..<10).map { batch in
                EventBatch.of(names.map { Event(headers: ["topic": $0], body: "\($0) \(batch)") })
            }
            try await harness.submit(batches)
            let seen = try await harness.log.wait { $0.outcomes.count == 10 }
            #expect(seen.delivered.count == 10)
        }
        for name in names {
            let payloads = try await KcatReader.read(name, from: bootstrap).compactMap(\.payload)
            #expect(payloads == (0..<10).map { "\(name) \($0)" })
        }
    }

    /// Through each codec into Kafka; kcat counts them, and a source shows what kcat could not: bytes that are no text.
    @Test(arguments: ["none", "gzip", "snappy", "lz4", "zstd"])
    func bodiesOfEveryKind(_ codec: String) async throws {
        let topic = try await Topics.make("bodies", partitions: 1, on: bootstrap)
        // All that a record of 1 MiB, Kafka's limit, leaves to a body; of bytes that do not compress.
        var numbers = SeededGenerator(seed: 1)
        let large = ByteBuffer(bytes: (0..<1_048_000).map { _ in UInt8.random(in: 0...255, using: &numbers) })
        let bodies = [ByteBuffer(), ByteBuffer(bytes: [0xFF, 0x00, 0xFE, 0xC3]), large, ByteBuffer(string: "last")]
        let keys = ["kafka.topic": topic, "kafka.producer.compression.type": codec]
        try await SinkHarness.run(bootstrap, keys) { harness in
            let outcome = try await harness.deliver(bodies.map { Event(body: $0) })
            #expect(outcome.isDelivered)
        }
        #expect(try await KcatReader.lengths(topic, from: bootstrap) == bodies.map { ["-1", "\($0.readableBytes)"] })
        let group = ["kafka.topics": topic, "kafka.consumer.group.id": Topics.name("g")]
        try await SourceHarness.run(bootstrap, group) { harness in
            harness.startDraining()
            let found = try await harness.events(4).map(\.body)
            #expect(found == bodies)
        }
    }

    @Test func oneBadEventFailsAlone() async throws {
        let topic = try await Topics.make("partial", partitions: 1, on: bootstrap)
        let keys = ["kafka.topic": topic, "partitionIdHeader": "p"]
        try await SinkHarness.run(bootstrap, keys) { harness in
            let large = try await harness.deliver(
                (0..<20).map { Event(body: $0 == 5 ? String(repeating: "x", count: 2_000_000) : "\($0)") }
            )
            #expect(large.failed(of: 20) == [5])
            #expect(large.failure?.message.contains("MSG_SIZE_TOO_LARGE") == true)
            #expect(large.failure?.isRetriable == false)
            let partitions = ["0", "x", "-1", "99", "0"].map { Event(headers: ["p": $0], body: "p\($0)") }
            let wrong = try await harness.deliver(partitions, number: 1)
            #expect(wrong.failed(of: 5) == [1, 2, 3])
            #expect(wrong.failure?.message == "Non integer partition id specified")
            #expect(harness.counter("RollbackCount") == 2)
            // The second failure comes within the minute.
            let warnings = harness.capture.warnings
            #expect(warnings.count == 1)
            #expect(warnings.first?.metadata["events.failed"] == "1")
            #expect(warnings.first?.metadata["event.index"] == "5")
        }
        let payloads = try await KcatReader.read(topic, from: bootstrap).compactMap(\.payload)
        #expect(payloads == (0..<20).filter { $0 != 5 }.map(String.init) + ["p0", "p0"])
    }

    @Test func fullQueueLosesNothing() async throws {
        let topic = try await Topics.make("full", partitions: 2, on: bootstrap)
        let keys = [
            "kafka.topic": topic, "kafka.producer.queue.buffering.max.messages": "10", "kafka.maxHeldEvents": "1000",
        ]
        try await SinkHarness.run(bootstrap, keys) { harness in
            let batches = (0..<20).map { batch in EventBatch.of((0..<100).map { Event(body: "\(batch * 100 + $0)") }) }
            try await harness.submit(batches)
            let seen = try await harness.log.wait { $0.outcomes.count == 20 }
            #expect(seen.delivered.count == 20)
        }
        let numbers = try await KcatReader.read(topic, from: bootstrap).compactMap(\.payload).compactMap(Int.init)
        #expect(numbers.sorted() == Array(0..<2000))
    }

    @Test func emptyBatchIsDelivered() async throws {
        try await SinkHarness.run(bootstrap) { harness in
            let outcome = try await harness.deliver([])
            #expect(outcome.isDelivered)
        }
    }

    @Test func stopDeliversWhatIsHeldAndThenTakesNothing() async throws {
        let topic = try await Topics.make("stop", partitions: 1, on: bootstrap)
        let harness = try SinkHarness(bootstrap, ["kafka.topic": topic, "kafka.producer.linger.ms": "5"])
        try await harness.sink.start(harness.log.reports)
        try await harness.submit([.of((0..<100).map { Event(body: "\($0)") })])
        await harness.sink.stop(deadline: .now() + .seconds(10))
        #expect(harness.log.seen.delivered == [0])
        #expect(harness.sink.submit(.of([Event(body: "late")]), number: 1, deadline: nil) == .busy)
        // It can be started again.
        try await harness.sink.start(harness.log.reports)
        try await harness.submit([.of([Event(body: "again")])], from: 1)
        await harness.sink.stop(deadline: .now() + .seconds(10))
        #expect(harness.log.seen.delivered == [0, 1])
        #expect(try await KcatReader.read(topic, from: bootstrap).count == 101)
    }
}
