import Events
import TestSupport
import Testing

@testable import Kafka

/// A thousand events through a sink and back through a source of a broker that is not to be had in plain.
struct SecurePassage {
    let bootstrap: String
    /// The Java clients' properties, without `kafka.producer.` and `kafka.consumer.`.
    let properties: [String: String]
    /// The same for clients that are not ours: librdkafka's own.
    let others: [String: String]

    private static let total = 1_000

    private func keys(_ role: String, _ more: [String: String]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: properties.map { ("kafka.\(role).\($0.key)", $0.value) }).merging(more) { $1 }
    }

    /// All of them arrive, once each: asked of kcat, and of a source of ours.
    func run() async throws {
        let topic = try await Topics.make("secure", partitions: 3, on: bootstrap, others)
        let bodies = (0..<Self.total).map { "event \($0)" }
        try await SinkHarness.run(bootstrap, keys("producer", ["kafka.topic": topic])) { harness in
            let batches = stride(from: 0, to: Self.total, by: 100).map { start in
                EventBatch.of(bodies[start..<(start + 100)].map { Event(body: $0) })
            }
            try await harness.submit(batches)
            let seen = try await harness.log.wait(.seconds(30)) { $0.outcomes.count == batches.count }
            #expect(seen.delivered.count == batches.count)
            #expect(harness.sink.trouble == nil)
        }
        let found = try await KcatReader.read(topic, from: bootstrap, others).compactMap(\.payload)
        #expect(found.sorted() == bodies.sorted(), "kcat read \(found.count) of \(Self.total)")
        let group = keys("consumer", ["kafka.topics": topic, "kafka.consumer.group.id": Topics.name("g")])
        try await SourceHarness.run(bootstrap, group) { harness in
            harness.startDraining()
            try await harness.events(Self.total)
            #expect(harness.bodies.sorted() == bodies.sorted(), "the source read \(harness.bodies.count)")
        }
    }

    /// Sink and source say within ten seconds what keeps them from the broker, and the sink keeps its events.
    func expectRefusal(saying words: String...) async throws {
        try await SinkHarness.run(bootstrap, keys("producer", ["kafka.topic": "refused"])) { harness in
            try await harness.submit([.of([Event(body: "waits")])])
            try await harness.log.wait(.seconds(10)) { !$0.unavailable.isEmpty }
            check(harness.sink.trouble, words)
            #expect(harness.log.seen.outcomes.isEmpty)
            #expect(harness.log.seen.unavailable.count == 1)
        }
        try await SourceHarness.run(bootstrap, keys("consumer", ["kafka.topics": "refused"])) { harness in
            try await Waiting.until("the source says why", within: 10) { harness.source.trouble != nil }
            check(harness.source.trouble, words)
        }
    }

    private func check(_ trouble: String?, _ words: [String]) {
        let text = trouble ?? ""
        #expect(text.contains(bootstrap))
        for word in words { #expect(text.contains(word), "\(text)") }
    }
}
