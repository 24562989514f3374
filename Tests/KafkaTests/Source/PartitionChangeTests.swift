import CRdKafka
import Events
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Agent
@testable import Kafka

/// What happens to batches and to troubles when partitions come and go.
@Suite(.serialized) struct PartitionChangeTests {
    /// The cooperative protocol adds partitions while a batch is being filled. A record of a new one must not count for the
    /// partition that the batch began with: its offset would be committed there, and what lies before it never be read.
    @Test func aPartitionThatComesInTheMiddleOfABatch() async throws {
        let mock = try #require(MockCluster())
        let topic = Topics.name("middle")
        mock.makeTopic(topic, partitions: 2)
        let keys = [
            "kafka.topics": topic, "kafka.consumer.group.id": Topics.name("g"),
            "kafka.consumer.partition.assignment.strategy":
                "org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
            "kafka.consumer.session.timeout.ms": "6000", "kafka.consumer.heartbeat.interval.ms": "300",
        ]
        let partitions = (0..<2).map { TopicPartition(topic: topic, partition: $0) }
        func owned(_ harness: SourceHarness) -> [TopicPartition] {
            harness.source.state.withLock { state in partitions.filter { state.ledger.isAssigned($0) } }
        }
        let slow = keys.merging(["batchSize": "6", "batchDurationMillis": "600000"]) { $1 }
        let first = try SourceHarness(mock.bootstrap, slow)
        let second = try SourceHarness(mock.bootstrap, keys)
        try await first.source.start()
        try await Waiting.until("the first has both", within: 30) { owned(first).count == 2 }
        try await second.source.start()
        try await Waiting.until("each has one", within: 40, details: "\(first.capture.lines.suffix(9))") {
            owned(first).count == 1 && owned(second).count == 1
        }
        let (kept, gone) = (owned(first)[0].partition, owned(second)[0].partition)
        first.startDraining()
        try await RecordWriter.write([.init("begin", partition: kept)], to: topic, on: mock.bootstrap)
        try await Task.sleep(for: .seconds(1))
        await second.stop()
        try await Waiting.until("the first has both again", within: 40) { owned(first).count == 2 }
        try await RecordWriter.write((0..<6).map { .init("\($0)", partition: gone) }, to: topic, on: mock.bootstrap)
        try await first.events(6)
        try await Waiting.until("the offsets are committed", within: 10) {
            !first.source.state.withLock { $0.ledger.hasDue }
        }
        try await Task.sleep(for: .milliseconds(300))
        await first.stop()
        let late = ["l0", "l1", "l2", "l3"]
        try await RecordWriter.write(late.map { .init($0, partition: kept) }, to: topic, on: mock.bootstrap)
        try await SourceHarness.run(mock.bootstrap, keys) { third in
            third.startDraining()
            try await Waiting.until("what came late is read", within: 20, details: "\(third.bodies)") {
                Set(late).isSubset(of: third.bodies)
            }
        }
    }

    /// A batch that is refused when all of its partitions are gone is dropped, and those behind it go on.
    @Test func aBatchOfARevokedPartitionHoldsUpNone() async throws {
        let harness = try SourceHarness("127.0.0.1:1", ["kafka.topics": "t"], capacity: 1)
        let source = harness.source
        let partitions = (0..<2).map { TopicPartition(topic: "t", partition: $0) }
        source.state.withLock { $0.ledger.assign(partitions) }
        func put(_ number: Int, _ partition: TopicPartition) {
            source.put(
                .numbered([number]),
                [.init(partition: partition, count: 1)],
                [.init(partition: partition, next: Int64(number) + 1)]
            )
        }
        put(0, partitions[0])
        try await Waiting.until("the channel is full", within: 5) { harness.channel.size == 1 }
        put(1, partitions[0])
        put(2, partitions[1])
        let reader = SourceReader(source)
        reader.consumer = try ConsumerHandle.make(
            "source r1",
            source.settings.options,
            source.settings.stores,
            RebalanceHook { _ in false },
            harness.capture.logger
        )
        _ = reader.rebalance(.revoked([partitions[0]], isLost: true))
        harness.take()
        try await Waiting.until("the other partition's batch is put", within: 5) { harness.channel.size == 1 }
        harness.take()
        #expect(harness.events.count == 2)
    }

    /// As many batches as may be held go in one after the other, not one inside the other: no stack is so deep.
    @Test func manySmallBatchesGoInAtOnce() async throws {
        let (count, partition) = (8_000, TopicPartition(topic: "t", partition: 0))
        let harness = try SourceHarness("127.0.0.1:1", ["kafka.topics": "t"], capacity: count)
        harness.source.state.withLock { $0.ledger.assign([partition]) }
        func put(_ numbers: Range<Int>) {
            harness.source.put(
                .numbered(numbers),
                [.init(partition: partition, count: numbers.count)],
                [.init(partition: partition, next: Int64(numbers.upperBound))]
            )
        }
        put(0..<count)
        for number in count..<(2 * count) { put(number..<(number + 1)) }
        try await Waiting.until("the first of them is refused", within: 5) { harness.counter("ChannelWriteFail") > 0 }
        #expect(harness.take(upTo: count) == count)
        try await Waiting.until("all are in", within: 20) { harness.channel.size == count }
        #expect(harness.source.state.withLock { $0.queue.heldEvents } == 0)
    }

    /// What is wrong with the group shows, and no longer than it is.
    @Test func aGroupThatLetsUsInAfterAll() async throws {
        let mock = try #require(MockCluster())
        let topic = Topics.name("refused")
        mock.makeTopic(topic)
        mock.failNext(.joinGroup, with: [RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED])
        let keys = ["kafka.topics": topic, "kafka.consumer.group.id": Topics.name("g")]
        try await SourceHarness.run(mock.bootstrap, keys) { harness in
            try await Waiting.until("it shows", within: 20) { harness.source.trouble != nil }
            try await harness.assigned()
            try await Waiting.until("it is well", within: 10, details: "\(harness.source.trouble ?? "")") {
                harness.source.trouble == nil
            }
        }
    }

    /// Another agent came with the same `group.instance.id`: this one reads nothing any more, and says what to do.
    @Test func aMemberWhosePlaceAnotherHas() async throws {
        let mock = try #require(MockCluster())
        let topic = Topics.name("fenced")
        mock.makeTopic(topic)
        let keys = [
            "kafka.topics": topic, "kafka.consumer.group.id": Topics.name("g"),
            "kafka.consumer.group.instance.id": "i", "kafka.consumer.heartbeat.interval.ms": "300",
        ]
        try await SourceHarness.run(mock.bootstrap, keys) { harness in
            try await harness.assigned()
            mock.failNext(.heartbeat, with: [RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID])
            try await Waiting.until("it shows", within: 10) { harness.source.trouble != nil }
            try await Task.sleep(for: .seconds(2))
            let trouble = harness.source.trouble ?? ""
            #expect(trouble.contains("group.instance.id of its own, and restart"), "\(trouble)")
            #expect(!harness.capture.lines.contains { $0.message.contains("tried again") }, "\(harness.capture.lines)")
        }
    }

    /// What the client says beside records wakes a source, but not one that is about to leave its group.
    @Test func nothingDisturbsTheLeaving() async throws {
        let mock = try #require(MockCluster())
        let topic = Topics.name("left")
        mock.makeTopic(topic)
        let keys = [
            "kafka.topics": topic, "kafka.consumer.group.id": Topics.name("g"),
            "kafka.consumer.statistics.interval.ms": "50",
        ]
        let harness = try SourceHarness(mock.bootstrap, keys)
        try await harness.source.start()
        try await harness.assigned()
        mock.setRoundTrip(milliseconds: 300)
        await harness.stop()
        #expect(!harness.capture.lines.contains { $0.message == "Kafka consumer closed with an error" })
    }

    /// A channel that stops while the thread that starts its source has not come to it yet.
    @Test func aSourceThatIsStoppedBeforeItStarts() async throws {
        let harness = try SourceHarness("127.0.0.1:1", ["kafka.topics": "t"])
        await harness.source.stop(deadline: .now() + .seconds(1))
        try harness.source.begin()
        #expect(harness.source.state.withLock { $0.phase } != .running)
        await harness.source.stop(deadline: .now() + .seconds(1))
    }
}
