import Agent
import Events
import NIOCore
import TestSupport
import Testing

@testable import Kafka

@Suite(.serialized, .disabled(if: !Broker.isAvailable, "\(Broker.whyNone ?? "")")) struct KafkaChannelTests {
    private let bootstrap: String

    init() throws { bootstrap = try Broker.shared.get() }

    private func keys(
        _ word: String,
        partitions: Int32 = 1,
        _ more: [String: String] = [:]
    ) async throws -> [String: String] {
        let topic = try await Topics.make(word, partitions: partitions, on: bootstrap)
        return ["kafka.topic": topic, "kafka.consumer.group.id": Topics.name("g")].merging(more) { $1 }
    }

    @Test func whatIsPutIsTaken() async throws {
        let keys = try await keys("channel")
        let events = [
            Event(headers: ["key": "k", "topic": "elsewhere", "a": "b"], body: "one"), Event(body: ""),
            Event(headers: ["x": "ü"], body: "three"),
        ]
        try await ChannelHarness.run(bootstrap, keys) { harness in
            #expect(await harness.put(events) == nil)
            let taken1 = try await harness.takeAll(3)
            #expect(taken1 == events)
            #expect(harness.counter("EventPutSuccessCount") == 3)
            #expect(harness.counter("EventTakeSuccessCount") == 3)
            #expect(harness.counter("ChannelSize") == 0)
        }
        if KcatReader.program != nil {
            let records = try await KcatReader.read(keys["kafka.topic"] ?? "", from: bootstrap)
            #expect(records.map(\.key) == ["k", nil, nil])
        }
        // What was delivered is not there any more; what is put now is.
        try await ChannelHarness.run(bootstrap, keys) { harness in
            #expect(await harness.put([Event(body: ByteBuffer(bytes: [0xFF, 0]))]) == nil)
            let taken2 = try await harness.take().map { Array($0.body.readableBytesView) }
            #expect(taken2 == [[0xFF, 0]])
        }
    }

    @Test func whatWasNotDeliveredComesAgain() async throws {
        let keys = try await keys("rollback")
        try await ChannelHarness.run(bootstrap, keys) { harness in
            await harness.put((0..<10).map { Event(body: "\($0)") })
            let taken3 = try await harness.take(upTo: 4, .notDelivered).map(\.text)
            #expect(taken3 == ["0", "1", "2", "3"])
            let taken4 = try await harness.take(upTo: 4, .except([1])).map(\.text)
            #expect(taken4 == ["0", "1", "2", "3"])
            let taken5 = try await harness.take(upTo: 3).map(\.text)
            #expect(taken5 == ["1", "4", "5"])
            // Taken and never finished: held by a sink when the agent ends.
            let taken6 = try await harness.take(upTo: 1, .notDelivered).map(\.text)
            #expect(taken6 == ["6"])
            // Flume's: events given back.
            #expect(harness.counter("RollbackCount") == 6)
        }
        // 0 to 5 are delivered. They came in one batch with the rest, or in several.
        try await ChannelHarness.run(bootstrap, keys) { harness in
            let rest = try await harness.takeAll(4).map(\.text)
            #expect(Set(rest).isSuperset(of: ["6", "7", "8", "9"]))
        }
    }

    @Test func plainValues() async throws {
        let keys = try await keys("plain", ["parseAsFlumeEvent": "false"])
        try await RecordWriter.write(
            [.init("foreign", key: "k"), .init(nil)],
            to: keys["kafka.topic"] ?? "",
            on: bootstrap
        )
        try await ChannelHarness.run(bootstrap, keys) { harness in
            let taken7 = try await harness.takeAll(2)
            #expect(taken7 == [Event(headers: ["key": "k"], body: "foreign"), Event(body: "")])
            #expect(await harness.put([Event(headers: ["key": "q", "lost": "x"], body: "own")]) == nil)
            let taken8 = try await harness.take()
            #expect(taken8 == [Event(headers: ["key": "q"], body: "own")])
        }
    }

    /// What only the first take needs is read then: that it cannot be is told, and shows.
    @Test func takesThatCannotBegin() async throws {
        let keys = try await keys(
            "store",
            [
                "kafka.consumer.security.protocol": "SSL",
                "kafka.consumer.ssl.truststore.location": "/nonexistent/trust.jks",
                "kafka.consumer.ssl.truststore.password": "secret",
            ]
        )
        try await ChannelHarness.run(bootstrap, keys) { harness in
            #expect(await harness.put([Event(body: "x")]) == nil)
            let hasTaken = harness.channel.take(upTo: 1, atLeast: 1, waking: ChannelWaker {}) != nil
            #expect(!hasTaken)
            try await Waiting.until("it shows", within: 10) { harness.channel.trouble != nil }
            #expect(harness.channel.trouble?.contains("/nonexistent/trust.jks") == true)
            #expect(harness.channel.trouble?.contains("restart the agent") == true)
            #expect(harness.capture.warnings.contains { $0.message.contains("/nonexistent/trust.jks") })
        }
    }

    @Test func putFailsWhereKafkaDoesNotStore() async throws {
        let keys = try await keys("large", ["kafka.producer.max.request.size": "10000"])
        try await ChannelHarness.run(bootstrap, keys) { harness in
            let failure = await harness.put([Event(body: String(repeating: "x", count: 20_000))])
            #expect(failure?.code == .channelClosed)
            #expect(failure?.message.contains("MSG_SIZE_TOO_LARGE") == true)
            #expect(harness.channel.trouble != nil)
            #expect(harness.counter("RollbackCount") == 0)
            #expect(await harness.put([Event(body: "small")]) == nil)
            #expect(harness.channel.trouble == nil)
        }
    }

    @Test func manyPutsAreHeldWithinTheBound() async throws {
        let keys = try await keys("many", partitions: 3, ["kafka.maxHeldEvents": "500"])
        try await ChannelHarness.run(bootstrap, keys) { harness in
            await withTaskGroup(of: Void.self) { tasks in
                for part in 0..<40 {
                    tasks.addTask { await harness.put((0..<100).map { Event(body: "\(part * 100 + $0)") }) }
                }
            }
            #expect(harness.counter("EventPutSuccessCount") == 4_000)
            let events = try await harness.takeAll(4_000)
            #expect(events.map(\.text).compactMap(Int.init).sorted() == Array(0..<4_000))
        }
    }

    /// A channel without a sink only writes: it takes no partition from those who read.
    @Test func writerJoinsNoGroup() async throws {
        let keys = try await keys("writer")
        try await ChannelHarness.run(bootstrap, keys) { writer in
            try await ChannelHarness.run(bootstrap, keys) { reader in
                #expect(await writer.put([Event(body: "x")]) == nil)
                let taken9 = try await reader.take().map(\.text)
                #expect(taken9 == ["x"])
                #expect(!writer.capture.lines.contains { $0.message == "subscribed" })
            }
        }
    }

    @Test func readersShareTheTopic() async throws {
        let keys = try await keys("readers", partitions: 4, ["kafka.consumer.heartbeat.interval.ms": "300"])
        let first = try ChannelHarness(bootstrap, keys)
        let second = try ChannelHarness(bootstrap, keys)
        try await first.channel.start()
        try await second.channel.start()
        let total = 2_000
        await first.put((0..<total).map { Event(body: "\($0)") })
        var found = try await first.take(upTo: 300).map(\.text)
        // Held by a sink of the first, and given back when its partitions are others'.
        let held = first.channel.take(upTo: 200, atLeast: 1, waking: ChannelWaker {})
        _ = second.channel.take(upTo: 1, atLeast: 1, waking: ChannelWaker {})
        try await Waiting.until("both have partitions", within: 30) {
            second.capture.lines.contains { $0.message == "partitions assigned" }
        }
        held?.finish(.notDelivered)
        try await Waiting.until("all are there", within: 40, details: "\(Set(found).count)") {
            for harness in [first, second] {
                while let delivery = harness.channel.take(upTo: 100, atLeast: 1, waking: ChannelWaker {}) {
                    found += delivery.batch.events.map(\.text)
                    delivery.finish(.delivered)
                }
            }
            return Set(found).count == total
        }
        #expect(Set(found) == Set((0..<total).map(String.init)))
        #expect(found.count - total <= 600)
        _ = await first.stop()
        _ = await second.stop()
    }

    @Test(.disabled(if: !Broker.canStart, "\(Broker.whyNone ?? "")")) func brokerAwayHoldsPutsAndLosesNothing()
        async throws
    {
        let broker = try Broker.start()
        let topic = try await Topics.make("away", partitions: 1, on: broker.bootstrap)
        try await ChannelHarness.run(broker.bootstrap, ["kafka.topic": topic]) { harness in
            #expect(await harness.put([Event(body: "0")]) == nil)
            try broker.stop()
            let put = Task { await harness.put([Event(body: "1")]) }
            try await Waiting.until("it shows", within: 15) { harness.channel.trouble != nil }
            try broker.restart()
            #expect(await put.value == nil)
            let taken10 = try await harness.takeAll(2).map(\.text)
            #expect(taken10 == ["0", "1"])
        }
    }
}
