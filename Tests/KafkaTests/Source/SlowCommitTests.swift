import Agent
import TestSupport
import Testing

@testable import Kafka

/// A commit that the broker answers late: nobody asks for the answer again and again, and it is seen when it comes.
@Suite(.serialized) struct SlowCommitTests {
    private static let roundTrip = 1_050

    @Test func theAnswerWakesTheSource() async throws {
        let mock = try #require(MockCluster())
        let topic = Topics.name("slow")
        mock.makeTopic(topic)
        let keys = ["kafka.topics": topic, "kafka.consumer.group.id": Topics.name("g")]
        try await SourceHarness.run(mock.bootstrap, keys, mode: .delivered) { harness in
            try await harness.assigned()
            // A poll ends by itself after 500 ms: on a machine with other work too, one round of five shows the difference.
            var rounds: [(milliseconds: Int, polls: Int)] = []
            while rounds.count < 5, !(rounds.last.map { $0.milliseconds < 1_400 && $0.polls < 20 } ?? false) {
                try await RecordWriter.write([.init("x")], to: topic, on: mock.bootstrap)
                try await Waiting.until("it is there", within: 30) { harness.channel.size == 1 }
                let (timer, polls) = (harness.counter("KafkaCommitTimer"), harness.counter("KafkaEmptyCount"))
                mock.setRoundTrip(milliseconds: Int32(Self.roundTrip))
                #expect(harness.take() == 1)
                try await Waiting.until("it is committed", within: 30) {
                    harness.counter("KafkaCommitTimer") - timer >= Self.roundTrip / 2
                }
                mock.setRoundTrip(milliseconds: 0)
                rounds.append(
                    (harness.counter("KafkaCommitTimer") - timer, harness.counter("KafkaEmptyCount") - polls)
                )
            }
            #expect(rounds.allSatisfy { $0.milliseconds >= Self.roundTrip - 50 }, "\(rounds)")
            let last = try #require(rounds.last)
            #expect(last.milliseconds < 1_400 && last.polls < 20, "\(rounds)")
        }
    }
}
