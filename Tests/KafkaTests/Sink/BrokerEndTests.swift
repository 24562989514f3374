import Agent
import Events
import TestSupport
import Testing

@testable import Kafka

/// What tests of outages rest on: a broker that is ended keeps what it acknowledged.
@Suite(
    .disabled(if: !Broker.canStart, "\(Broker.whyNone ?? "")"),
    .disabled(if: KcatReader.program == nil, "kcat is not installed")
)
struct BrokerEndTests {
    /// Ended by SIGTERM alone, noida-db copies its records and acknowledges more until it exits. Beside so many records that
    /// takes long enough to lose some in every run.
    @Test func whatIsAcknowledgedIsKept() async throws {
        let broker = try Broker.start()
        defer { broker.end() }
        let topic = try await Topics.make("end", partitions: 1, on: broker.bootstrap)
        let size = String(repeating: "x", count: 1_000)
        try await RecordWriter.write((0..<20_000).map { _ in .init(size) }, to: topic, on: broker.bootstrap)
        let keys = ["kafka.topic": topic, "kafka.producer.acks": "all", "flumeBatchSize": "1"]
        try await SinkHarness.run(broker.bootstrap, keys) { harness in
            let feeding = Task {
                var number: UInt64 = 0
                while !Task.isCancelled {
                    try await harness.submit([.of([Event(body: "\(number)")])], from: number)
                    number += 1
                }
            }
            try await harness.log.wait { $0.delivered.count >= 100 }
            try broker.stop()
            feeding.cancel()
            let acknowledged = harness.log.seen.delivered
            try broker.restart()
            try? await feeding.value
            let records = try await KcatReader.read(topic, from: broker.bootstrap)
            let kept = Set(records.compactMap { $0.payload.flatMap(UInt64.init) })
            let gone = acknowledged.subtracting(kept)
            #expect(gone.isEmpty, "\(gone.count) of \(acknowledged.count)")
        }
    }
}
