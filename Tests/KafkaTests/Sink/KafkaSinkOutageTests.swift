import Agent
import Events
import NIOCore
import TestSupport
import Testing

@testable import Kafka

/// Brokers that go away under load, hang, or were never there.
@Suite(.serialized) struct KafkaSinkOutageTests {
    private static let why = "no broker that may be stopped: \(Broker.whyNone ?? "")"

    @Test(.enabled(if: Broker.canStart, "\(Self.why)"))
    func brokerDownUnderLoadLosesNothing() async throws {
        let broker = try Broker.start()
        let topic = try await Topics.make("outage", partitions: 3, on: broker.bootstrap)
        let keys = ["kafka.topic": topic, "flumeBatchSize": "50", "kafka.maxHeldEvents": "500"]
        let total = 400
        try await SinkHarness.run(broker.bootstrap, keys) { harness in
            let batches = (0..<total).map { batch in
                EventBatch.of((0..<50).map { Event(headers: ["key": "k\($0)"], body: "\(batch * 50 + $0)") })
            }
            try await harness.submit(Array(batches[..<100]))
            try await harness.log.wait { $0.delivered.count >= 40 }
            try broker.stop()
            let atStop = harness.log.seen.delivered
            // Fed until it is full.
            var next = 100
            while harness.sink.submit(batches[next], number: UInt64(next), deadline: nil) == .accepted { next += 1 }
            #expect((next - atStop.count) * 50 <= 500)
            try await harness.log.wait(.seconds(10)) { !$0.unavailable.isEmpty }
            #expect(harness.sink.trouble?.contains(broker.bootstrap) == true)
            try await Task.sleep(for: .seconds(2))
            // Acknowledgements that were on their way when the broker ended were looked at by now; then nothing more comes.
            let down = harness.log.seen
            try await Task.sleep(for: .seconds(1))
            #expect(harness.log.seen.outcomes.count == down.outcomes.count)
            #expect(harness.sink.submit(batches[next], number: UInt64(next), deadline: nil) == .busy)
            #expect(down.delivered.count == down.outcomes.count)
            #expect(down.delivered.count < next)
            #expect(harness.capture.warnings.isEmpty)
            #expect(down.unavailable.count == 1)

            try broker.restart()
            try await harness.submit(Array(batches[next...]), from: UInt64(next))
            let seen = try await harness.log.wait(.seconds(60)) { $0.outcomes.count == total }
            #expect(seen.delivered.count == total)
            #expect(seen.repeated.isEmpty)
            #expect(harness.sink.trouble == nil)
        }
        let numbers = try await KcatReader.read(topic, from: broker.bootstrap).compactMap(\.payload).compactMap(
            Int.init
        )
        #expect(Set(numbers) == Set(0..<(total * 50)))
        // A request that the broker stored but did not answer is sent again: at most what was held.
        #expect(numbers.count - total * 50 <= 500)
    }

    /// A node of a replicated cluster dies under load (SIGKILL) and comes back: with idempotence every event is there once.
    /// noida-db forgets acknowledged records when it is killed, so only a named cluster can show it.
    @Test(
        .disabled(if: Broker.whyNoNodes != nil, "\(Broker.whyNoNodes ?? "")"),
        .disabled(if: KcatReader.program == nil, "kcat is not installed")
    )
    func killedNodeLosesNothing() async throws {
        let bootstrap = try #require(Broker.namedCluster)
        let node = try #require(try await KcatReader.nodes(of: bootstrap).first)
        let topic = try await Topics.make("killed", partitions: 3, on: bootstrap)
        let keys = [
            "kafka.topic": topic, "flumeBatchSize": "50", "kafka.maxHeldEvents": "500", "kafka.producer.acks": "all",
            "kafka.producer.enable.idempotence": "true",
        ]
        let total = 1_000
        try await SinkHarness.run(bootstrap, keys) { harness in
            let batches = (0..<total).map { batch in
                EventBatch.of((0..<50).map { Event(headers: ["key": "k\($0)"], body: "\(batch * 50 + $0)") })
            }
            try await harness.submit(Array(batches[..<200]))
            try await harness.log.wait { $0.delivered.count >= 100 }
            async let outage: Void = {
                try Broker.control("kill9", node: node)
                try await Task.sleep(for: .seconds(5))
                try Broker.control("start", node: node)
            }()
            try await harness.submit(Array(batches[200...]), from: 200)
            try await outage
            let seen = try await harness.log.wait(.seconds(120)) { $0.outcomes.count == total }
            #expect(seen.delivered.count == total)
            #expect(seen.repeated.isEmpty)
        }
        let records = try await KcatReader.read(topic, from: bootstrap)
        #expect(records.compactMap(\.payload).compactMap(Int.init).sorted() == Array(0..<(total * 50)))
        for (_, same) in Dictionary(grouping: records, by: \.key) {
            let numbers = same.compactMap { $0.payload.flatMap(Int.init) }
            #expect(numbers == numbers.sorted())
        }
    }

    @Test(.enabled(if: Broker.canStartOwn, "\(Self.why)"))
    func hangingBrokerIsNoticed() async throws {
        let broker = try Broker.startOwn()
        let topic = try await Topics.make("hang", partitions: 1, on: broker.bootstrap)
        try await SinkHarness.run(broker.bootstrap, ["kafka.topic": topic]) { harness in
            let first = try await harness.deliver([Event(body: "0")])
            #expect(first.isDelivered)
            broker.pause()
            try await harness.submit([.of([Event(body: "1")])], from: 1)
            let paused = try await harness.log.wait(.seconds(60)) { !$0.unavailable.isEmpty }
            #expect(paused.outcomes[1] == nil)
            #expect(harness.sink.trouble != nil)
            broker.resume()
            let seen = try await harness.log.wait { $0.outcomes[1] != nil }
            #expect(seen.delivered == [0, 1])
            #expect(harness.sink.trouble == nil)
        }
        #expect(try await KcatReader.read(topic, from: broker.bootstrap).compactMap(\.payload) == ["0", "1"])
    }

    /// A batch whose sender waits is not held by a sink that knows that it cannot deliver it.
    @Test(.enabled(if: Broker.canStart, "\(Self.why)"))
    func brokerAwayTakesNothingThatSomebodyWaitsFor() async throws {
        let broker = try Broker.start()
        let topic = try await Topics.make("turned-away", partitions: 1, on: broker.bootstrap)
        try await SinkHarness.run(broker.bootstrap, ["kafka.topic": topic], deliversForCallers: true) { harness in
            #expect(try await harness.deliver([Event(body: "0")]).isDelivered)
            try broker.stop()
            try await harness.log.wait(.seconds(10)) { !$0.unavailable.isEmpty }
            let ready = harness.log.seen.ready
            let batch = EventBatch.of([Event(body: "1")])
            #expect(harness.sink.submit(batch, number: 1, deadline: .now() + .seconds(15)) == .busy)
            try broker.restart()
            try await harness.log.wait(.seconds(20)) { $0.ready > ready }
            #expect(harness.sink.submit(batch, number: 1, deadline: .now() + .seconds(15)) == .accepted)
            #expect(try await harness.log.wait { $0.outcomes[1] != nil }.delivered == [0, 1])
        }
    }

    @Test(arguments: [nil, "no-such-host.invalid:9092"])
    func brokerThatWasNeverThere(_ name: String?) async throws {
        let bootstrap = try name ?? "127.0.0.1:\(FreePort.any())"
        let harness = try SinkHarness(bootstrap)
        let start = NIODeadline.now()
        try await harness.sink.start(harness.log.reports)
        #expect(NIODeadline.now() - start < .seconds(1))
        try await harness.submit([.of([Event(body: "waits"), Event(body: "too")])])
        let seen = try await harness.log.wait(.seconds(10)) { !$0.unavailable.isEmpty }
        #expect(seen.outcomes.isEmpty)
        #expect(harness.sink.trouble?.contains("Kafka at \(bootstrap) cannot be reached") == true)
        try await Task.sleep(for: .seconds(3))
        // Told once, to whoever runs the sink: that is who warns.
        #expect(harness.capture.warnings.isEmpty)
        #expect(harness.log.seen.unavailable == [harness.sink.trouble])

        let stopping = NIODeadline.now()
        await harness.sink.stop(deadline: stopping + .seconds(2))
        #expect(NIODeadline.now() - stopping < .milliseconds(2600))
        // A thread that hangs in the resolver may tell a moment after `stop` has given up waiting for it.
        let told = try await harness.log.wait(.seconds(10)) { $0.outcomes[0] != nil }
        let outcome = try #require(told.outcomes[0])
        #expect(outcome.failed(of: 2) == [0, 1])
        #expect(outcome.failure?.isRetriable == true)
        #expect(harness.sink.trouble == nil)
    }
}
