import Events
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Agent
@testable import Kafka

/// A memory channel with ten events and a Kafka sink that takes them.
struct ChannelAndSink {
    let harness: SinkHarness
    private let channel: MemoryChannel
    private let counters = ChannelCounters(name: "c1")
    let runner: SinkRunner
    let bodies: [String]

    init(_ bootstrap: String, _ keys: [String: String], _ word: String) throws {
        harness = try SinkHarness(
            bootstrap,
            ["kafka.topic": "t", "kafka.producer.linger.ms": "5"].merging(keys) { $1 }
        )
        let admission = Admission()
        channel = MemoryChannel(
            room: admission.makeRoom(capacity: 1000, byteCapacity: .max),
            transactionCapacity: 100,
            keepAlive: .seconds(1),
            counters: counters
        )
        let processor = ChannelProcessor(
            interceptors: [],
            required: [channel],
            optional: [],
            admission: admission,
            mode: .stored,
            acknowledgeTimeout: .seconds(60),
            counters: SourceCounters(name: "r1").group,
            logger: harness.capture.logger
        )
        runner = SinkRunner(
            channel: channel,
            members: [.init(name: "k1", sink: harness.sink, counters: harness.counters)],
            processor: .single,
            eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            logger: harness.capture.logger
        )
        bodies = (0..<10).map { "\(word)-\($0)" }
        _ = processor.process(
            .of(bodies.map { Event(body: $0) }),
            isIntercepted: true,
            on: MultiThreadedEventLoopGroup.singleton.next(),
            admitted: {},
            acknowledged: { _ in }
        )
    }

    /// Events that the channel answers for, in its queue or with the sink.
    var channelSize: Int {
        counters.group.snapshot().first { $0.name == "ChannelSize" }.flatMap { Int($0.value) } ?? -1
    }

    /// Until all are delivered; then the sink has stopped and the channel is empty.
    func deliverAll(within seconds: Double = 30) async throws {
        try await Waiting.until("all are delivered", within: seconds, details: "\(harness.capture.lines.suffix(5))") {
            harness.counters.eventDrainSuccess.value == 10
        }
        await runner.stop(deadline: .now() + .seconds(3))
        #expect(channelSize == 0)
        if let rest = channel.take(upTo: 1, atLeast: 1, waking: ChannelWaker {}) {
            Issue.record("\(rest.batch.count) events are still in the channel")
        }
    }
}
