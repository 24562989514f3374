import Agent
import Events
import NIOCore
import TestSupport
import Testing

@testable import Kafka

@Suite struct TransactionPhaseTests {
    struct Case: Sendable {
        let phase: TransactionPhase
        let settled: Int
        let held: Int
        let step: TransactionPhase.Step
    }

    @Test(arguments: [
        Case(phase: .none, settled: 1, held: 0, step: .none),
        Case(phase: .preparing, settled: 0, held: 0, step: .prepare),
        Case(phase: .open, settled: 0, held: 0, step: .none),
        Case(phase: .open, settled: 0, held: 5, step: .none),
        Case(phase: .open, settled: 1, held: 5, step: .complete),
        Case(phase: .open, settled: 1, held: 0, step: .end),
        Case(phase: .ending, settled: 1, held: 5, step: .none),
        Case(phase: .ending, settled: 2, held: 0, step: .end),
    ])
    func steps(_ test: Case) {
        #expect(test.phase.step(settled: test.settled, held: test.held) == test.step)
    }

    @Test func acceptsOnlyInAnOpenOne() {
        #expect([TransactionPhase.none, .preparing, .open, .ending].map(\.accepts) == [true, false, true, false])
    }
}

/// kcat reads what is committed, and nothing else.
@Suite(
    .serialized,
    .disabled(if: !Broker.isAvailable, "\(Broker.whyNone ?? "")"),
    .disabled(if: KcatReader.program == nil, "kcat is not installed")
)
struct TransactionTests {
    private let bootstrap: String

    init() throws { bootstrap = try Broker.shared.get() }

    private func keys(_ topic: String, _ more: [String: String] = [:]) -> [String: String] {
        [
            "kafka.topic": topic, "kafka.producer.transactional.id": Topics.name("tx"), "kafka.producer.acks": "all",
            "partitionIdHeader": "part",
        ].merging(more) { $1 }
    }

    @Test func groupsAreCommitted() async throws {
        let topic = try await Topics.make("committed", partitions: 2, on: bootstrap)
        try await SinkHarness.run(bootstrap, keys(topic)) { harness in
            let batches = (0..<40).map { batch in EventBatch.of((0..<50).map { Event(body: "\(batch * 50 + $0)") }) }
            try await harness.submit(batches)
            let seen = try await harness.log.wait { $0.outcomes.count == 40 }
            #expect(seen.delivered.count == 40)
            #expect(seen.repeated.isEmpty)
            let numbers = try await KcatReader.read(topic, from: bootstrap).compactMap(\.payload).compactMap(Int.init)
            #expect(numbers.sorted() == Array(0..<2_000))
        }
    }

    @Test func abortGivesAllBack() async throws {
        let topic = try await Topics.make("aborted", partitions: 1, on: bootstrap)
        try await SinkHarness.run(bootstrap, keys(topic)) { harness in
            let bad = try await harness.deliver([Event(body: "a"), Event(headers: ["part": "x"], body: "b")])
            #expect(bad.failed(of: 2) == [0, 1])
            #expect(bad.failure?.isRetriable == true)
            let good = try await harness.deliver([Event(body: "c")], number: 1)
            #expect(good.isDelivered)
        }
        let payloads = try await KcatReader.read(topic, from: bootstrap).map(\.payload)
        #expect(payloads == ["c"])
    }

    @Test func letterIsInTheSameTransaction() async throws {
        let topic = try await Topics.make("both", partitions: 1, on: bootstrap)
        let letters = try await Topics.make("both-letters", partitions: 1, on: bootstrap)
        try await SinkHarness.run(bootstrap, keys(topic, ["deadLetterTopic": letters])) { harness in
            let outcome = try await harness.deliver([Event(body: "a"), Event(headers: ["part": "x"], body: "b")])
            #expect(outcome.isDelivered)
        }
        let payloads = try await KcatReader.read(topic, from: bootstrap).map(\.payload)
        #expect(payloads == ["a"])
        let rest = try await KcatReader.read(letters, from: bootstrap).map(\.payload)
        #expect(rest == ["b"])
    }

    @Test func otherAcksAreAFault() {
        let fault = #expect(throws: SettingsFault.self) {
            _ = try SinkHarness("b:1", ["kafka.producer.transactional.id": "t"])
        }
        #expect(fault?.faults.map(\.key) == ["kafka.producer.transactional.id"])
    }
}
