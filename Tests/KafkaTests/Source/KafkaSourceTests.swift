import Agent
import Events
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Kafka

/// What a source makes of records, and which offsets it commits, asked of a real broker.
@Suite(.serialized, .disabled(if: !Broker.isAvailable, "\(Broker.whyNone ?? "")")) struct KafkaSourceTests {
    private let bootstrap: String

    init() throws { bootstrap = try Broker.shared.get() }

    private func keys(_ topic: String, _ more: [String: String] = [:]) -> [String: String] {
        ["kafka.topics": topic, "kafka.consumer.group.id": Topics.name("g")].merging(more) { $1 }
    }

    @Test func recordsBecomeEventsWithFlumesHeaders() async throws {
        let topic = try await Topics.make("headers", partitions: 2, on: bootstrap)
        var stamped = RecordWriter.Record("one", key: "k", partition: 1)
        stamped.timestamp = 1_600_000_000_123
        var headed = RecordWriter.Record("two", partition: 1)
        headed.headers = [("KAFKA", "first"), ("KAFKA", "last"), ("other", "x")]
        var binary = RecordWriter.Record(bytes: [0xFF, 0x00, 0xFE])
        binary.partition = 1
        let records = [
            stamped, headed, binary, RecordWriter.Record("", partition: 1), RecordWriter.Record(nil, partition: 1),
            RecordWriter.Record("six", key: "", partition: 1),
        ]
        try await RecordWriter.write(records, to: topic, on: bootstrap)
        try await SourceHarness.run(bootstrap, keys(topic, ["header.FLUME": "KAFKA"])) { harness in
            harness.startDraining()
            let events = try await harness.events(6)
            #expect(events.map { Array($0.body.readableBytesView) } == records.map { $0.value ?? [] })
            #expect(
                events[0].headers == [
                    "timestamp": "1600000000123", "topic": topic, "partition": "1", "offset": "0", "key": "k",
                ]
            )
            #expect(events[1].headers["FLUME"] == "last")
            #expect(events[1].headers["key"] == nil)
            #expect(events[1].headers.count == 5)
            #expect(events[5].headers["key"] == "")
            #expect(events.map { $0.headers["offset"] } == (0..<6).map { "\($0)" })
            #expect(harness.counter("EventReceivedCount") == 6)
            #expect(harness.counter("EventAcceptedCount") == 6)
        }
        // The usual path, without record headers, makes the same.
        try await SourceHarness.run(bootstrap, keys(topic)) { harness in
            harness.startDraining()
            let events = try await harness.events(6)
            #expect(
                events[0].headers == [
                    "timestamp": "1600000000123", "topic": topic, "partition": "1", "offset": "0", "key": "k",
                ]
            )
            #expect(events[1].headers.count == 4)
            #expect(events.map { Array($0.body.readableBytesView) } == records.map { $0.value ?? [] })
        }
        try await SourceHarness.run(bootstrap, keys(topic, ["setTopicHeader": "false", "header.offset": "KAFKA"])) {
            harness in
            harness.startDraining()
            let events = try await harness.events(6)
            #expect(events[0].headers.keys.sorted() == ["key", "offset", "partition", "timestamp"])
            #expect(events[1].headers["offset"] == "last")
        }
    }

    @Test func flumesEventFormat() async throws {
        let topic = try await Topics.make("avro", partitions: 1, on: bootstrap)
        let own = Event(headers: ["a": "b", "timestamp": "7", "key": "old"], body: "x")
        let batch = EventBatch.of([own])
        var value = Array(batch.bytes.readableBytesView)
        let reference: [UInt8] = [2, 2, 0x61, 2, 0x62, 0, 2, 0x78]
        var keyed = RecordWriter.Record(bytes: value)
        keyed.key = Array("new".utf8)
        var same = keyed
        same.key = Array("old".utf8)
        value.removeLast()
        let records = [
            RecordWriter.Record(bytes: reference), keyed, RecordWriter.Record("no Avro"), RecordWriter.Record(nil),
            RecordWriter.Record(bytes: value), same,
        ]
        try await RecordWriter.write(records, to: topic, on: bootstrap)
        let group = keys(topic, ["useFlumeEventFormat": "true"])
        try await SourceHarness.run(bootstrap, group) { harness in
            harness.startDraining()
            let events = try await harness.events(3)
            #expect(events.map(\.text) == ["x", "x", "x"])
            #expect(events[0].headers["a"] == "b")
            #expect(events[0].headers.keys.sorted() == ["a", "offset", "partition", "timestamp", "topic"])
            // What the event brought stays, but for its key.
            #expect(events[1].headers["timestamp"] == "7")
            #expect(events[1].headers["key"] == "new")
            #expect(events[2].headers["key"] == "old")
            #expect(events[2].headers["offset"] == "5")
            #expect(harness.counter("EventReadFail") == 3)
            #expect(harness.capture.warnings.contains { $0.message.contains("left out") })
        }
        // What was left out was committed with the rest.
        try await RecordWriter.write([RecordWriter.Record(bytes: reference)], to: topic, on: bootstrap)
        try await SourceHarness.run(bootstrap, group) { harness in
            harness.startDraining()
            let events = try await harness.events(1)
            #expect(events.map { $0.headers["offset"] } == ["6"])
        }
    }

    @Test func offsetsAreThoseOfTheAcknowledged() async throws {
        let topic = try await Topics.make("resume", partitions: 3, on: bootstrap)
        let total = 3_000
        try await RecordWriter.write((0..<total).map { .init("\($0)") }, to: topic, on: bootstrap)
        let group = keys(topic, ["batchSize": "100", "kafka.maxHeldEvents": "400"])
        var first: [String] = []
        // Nothing is delivered but some; of the rest nothing may be committed.
        try await SourceHarness.run(bootstrap, group, mode: .delivered) { harness in
            try await Waiting.until("as much as may be held is there", within: 30) { harness.channel.size >= 400 }
            #expect(harness.channel.size == 400)
            harness.take(upTo: 250)
            try await Waiting.until("what was delivered makes room", within: 10) {
                harness.counter("EventAcceptedCount") >= 200
            }
            first = harness.bodies
            #expect(first.count == 250)
        }
        var second: [String] = []
        try await SourceHarness.run(bootstrap, group, mode: .delivered) { harness in
            harness.startDraining()
            try await harness.events(total - 250)
            try await Task.sleep(for: .milliseconds(300))
            second = harness.bodies
        }
        #expect(Set(first + second) == Set((0..<total).map(String.init)))
        // 200 were acknowledged in whole batches, and are not read again.
        #expect(second.count >= total - 250 && second.count <= total - 200, "\(second.count)")
        try await SourceHarness.run(bootstrap, group) { harness in
            harness.startDraining()
            try await harness.assigned()
            try await Task.sleep(for: .seconds(1))
            #expect(harness.bodies.isEmpty)
        }
    }

    @Test func fullChannelHoldsBackAndLosesNothing() async throws {
        let topic = try await Topics.make("full", partitions: 2, on: bootstrap)
        let total = 2_000
        try await RecordWriter.write((0..<total).map { .init("\($0)") }, to: topic, on: bootstrap)
        // Java's rule holds here too: who does not poll for so long is expelled.
        let group = keys(
            topic,
            [
                "batchSize": "50", "kafka.consumer.session.timeout.ms": "6000",
                "kafka.consumer.max.poll.interval.ms": "6000", "kafka.maxHeldEvents": "100",
            ]
        )
        try await SourceHarness.run(bootstrap, group, capacity: 120) { harness in
            try await Waiting.until("the channel is full", within: 20) { harness.channel.size >= 100 }
            try await Task.sleep(for: .seconds(8))
            #expect(harness.channel.size <= 120)
            #expect(harness.counter("ChannelWriteFail") > 0)
            harness.startDraining()
            try await harness.events(total)
            try await Task.sleep(for: .milliseconds(300))
            let bodies = harness.bodies
            #expect(bodies.count == total)
            #expect(Set(bodies).count == total)
            #expect(harness.capture.lines.count { $0.message == "partitions assigned" } == 1)
            #expect(harness.source.trouble == nil)
        }
    }

    @Test func patternFindsItsTopics() async throws {
        let word = Topics.name("pat")
        for name in ["\(word)-1", "\(word)-22", "x\(word)-1"] {
            try await Topics.makeNamed(name, on: bootstrap)
            try await RecordWriter.write([.init(name)], to: name, on: bootstrap)
        }
        let group = [
            "kafka.topics.regex": #"\#(word)-\d+"#, "kafka.consumer.group.id": Topics.name("g"),
            "kafka.consumer.metadata.max.age.ms": "1000",
        ]
        try await SourceHarness.run(bootstrap, group) { harness in
            harness.startDraining()
            try await harness.events(2)
            #expect(harness.bodies.sorted() == ["\(word)-1", "\(word)-22"])
            try await Topics.makeNamed("\(word)-333", on: bootstrap)
            try await RecordWriter.write([.init("late")], to: "\(word)-333", on: bootstrap)
            try await harness.events(3)
            #expect(harness.bodies.last == "late")
            #expect(harness.bodies.count == 3)
        }
    }

    /// Of a topic that is gone nothing is to be said any more.
    @Test func patternForgetsATopicThatIsDeleted() async throws {
        let word = Topics.name("del")
        for name in ["\(word)-1", "\(word)-2"] { try await Topics.makeNamed(name, on: bootstrap) }
        let group = [
            "kafka.topics.regex": #"\#(word)-\d+"#, "kafka.consumer.group.id": Topics.name("g"),
            "kafka.consumer.metadata.max.age.ms": "1000", "kafka.consumer.allow.auto.create.topics": "false",
        ]
        try await SourceHarness.run(bootstrap, group) { harness in
            harness.startDraining()
            try await harness.assigned()
            try await Topics.delete("\(word)-2", on: bootstrap)
            try await Waiting.until("the group has another topic less", within: 20) {
                harness.capture.lines.count { $0.message == "subscribed" } == 2
            }
            try await RecordWriter.write([.init("still")], to: "\(word)-1", on: bootstrap)
            try await harness.events(1)
            try await Waiting.until("it is well", within: 10, details: "\(harness.source.trouble ?? "")") {
                harness.source.trouble == nil
            }
        }
    }

    /// A second member comes, and the first one goes: each record is delivered, few twice.
    @Test func groupSharesItsPartitions() async throws {
        let topic = try await Topics.make("group", partitions: 4, on: bootstrap)
        let group = keys(topic, ["batchSize": "20", "kafka.consumer.heartbeat.interval.ms": "300"])
        let writing = Task { [bootstrap] in
            for part in 0..<60 {
                try await RecordWriter.write((0..<50).map { .init("\(part * 50 + $0)") }, to: topic, on: bootstrap)
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        let first = try SourceHarness(bootstrap, group)
        let second = try SourceHarness(bootstrap, group)
        try await first.source.start()
        first.startDraining()
        try await first.assigned()
        try await first.events(100)
        try await second.source.start()
        second.startDraining()
        try await second.assigned()
        try await second.events(100)
        await first.stop()
        // What its channel has is its sinks'.
        while first.take() > 0 {}
        let one = first.bodies
        try await writing.value
        try await Waiting.until("all are there", within: 40, details: "\(second.capture.lines.suffix(10))") {
            Set(one + second.bodies).count == 3_000
        }
        await second.stop()
        let all = one + second.bodies
        #expect(Set(all) == Set((0..<3_000).map(String.init)))
        // At each of the two rebalances: what was read since the last commit, which a member that hears of the change only
        // by its next heartbeat cannot commit any more.
        #expect(all.count - 3_000 <= 1_000, "\(all.count - 3_000) came twice")
    }

    @Test func largeRecords() async throws {
        let topic = try await Topics.make("large", partitions: 1, on: bootstrap)
        let body = String(repeating: "x", count: 1_000_000)
        try await RecordWriter.write((0..<40).map { .init("\($0)" + body) }, to: topic, on: bootstrap)
        try await SourceHarness.run(bootstrap, keys(topic)) { harness in
            harness.startDraining()
            let events = try await harness.events(40)
            #expect(events.map { $0.body.readableBytes } == (0..<40).map { "\($0)".count + 1_000_000 })
        }
    }

    @Test func topicThatIsNotThereShows() async throws {
        let keys = keys(Topics.name("missing"), ["kafka.consumer.allow.auto.create.topics": "false"])
        try await SourceHarness.run(bootstrap, keys) { harness in
            try await Waiting.until("it shows", within: 20) { harness.source.trouble != nil }
            #expect(harness.source.trouble?.contains("missing") == true)
            #expect(harness.source.trouble?.contains(bootstrap) == true)
        }
    }

    /// A topic that somebody makes later is read, and nothing wrong, though it holds no record yet.
    @Test func topicThatIsMadeLater() async throws {
        let topic = Topics.name("later")
        let more = [
            "kafka.consumer.allow.auto.create.topics": "false", "kafka.consumer.metadata.max.age.ms": "1000",
        ]
        try await SourceHarness.run(bootstrap, keys(topic, more)) { harness in
            try await Waiting.until("it shows", within: 20) { harness.source.trouble != nil }
            try await Topics.makeNamed(topic, on: bootstrap)
            try await harness.assigned()
            try await Waiting.until("it is well", within: 10, details: "\(harness.source.trouble ?? "")") {
                harness.source.trouble == nil
            }
        }
    }
}

/// Brokers that go away, or were never there.
@Suite(.serialized, .disabled(if: !Broker.canStart, "\(Broker.whyNone ?? "")")) struct KafkaSourceOutageTests {
    @Test func brokerDownAndUpLosesNothing() async throws {
        let broker = try Broker.start()
        let topic = try await Topics.make("outage", partitions: 2, on: broker.bootstrap)
        try await RecordWriter.write((0..<500).map { .init("\($0)") }, to: topic, on: broker.bootstrap)
        let keys = ["kafka.topics": topic, "kafka.consumer.group.id": Topics.name("g"), "batchSize": "50"]
        try await SourceHarness.run(broker.bootstrap, keys) { harness in
            harness.startDraining()
            try await harness.events(500)
            try await Waiting.until("the offsets are committed", within: 10) {
                !harness.source.state.withLock { $0.ledger.hasDue }
            }
            try await Task.sleep(for: .milliseconds(300))
            try broker.stop()
            try await Waiting.until("it shows", within: 15) { harness.source.trouble != nil }
            #expect(harness.source.trouble?.contains(broker.bootstrap) == true)
            try broker.restart()
            try await RecordWriter.write((500..<1000).map { .init("\($0)") }, to: topic, on: broker.bootstrap)
            try await Waiting.until("all are there", within: 60, details: "\(harness.capture.lines.suffix(20))") {
                Set(harness.bodies).count == 1000
            }
            try await Waiting.until("it is well again", within: 20) { harness.source.trouble == nil }
            // A broker that comes back may have forgotten its group's last commits.
            #expect(harness.bodies.count - 1000 <= 500)
        }
    }

    @Test func brokerThatWasNeverThere() async throws {
        let bootstrap = "127.0.0.1:\(try FreePort.any())"
        let harness = try SourceHarness(bootstrap, ["kafka.topics": "t"])
        let start = NIODeadline.now()
        try await harness.source.start()
        #expect(NIODeadline.now() - start < .seconds(1))
        try await Waiting.until("it shows", within: 10) { harness.source.trouble != nil }
        #expect(harness.source.trouble?.contains("Kafka at \(bootstrap) cannot be reached") == true)
        #expect(harness.capture.warnings.count == 1)
        let stopping = NIODeadline.now()
        await harness.source.quiesce()
        await harness.source.stop(deadline: stopping + .seconds(2))
        #expect(NIODeadline.now() - stopping < .milliseconds(2600))
    }
}
