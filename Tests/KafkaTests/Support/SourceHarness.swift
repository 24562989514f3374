import Events
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Agent
@testable import Kafka

/// A source that is started and stopped by a test, with a memory channel behind it that the test empties.
final class SourceHarness: Sendable {
    let source: KafkaSource
    let channel: MemoryChannel
    let capture = LogCapture()
    let counters: SourceCounters
    private let taken = Mutex<[Event]>([])
    private let drain = Mutex<Task<Void, Never>?>(nil)

    init(
        _ bootstrap: String,
        _ keys: [String: String],
        capacity: Int = 100_000,
        mode: AcknowledgeMode = .stored
    ) throws {
        let values = [
            "kafka.bootstrap.servers": bootstrap, "kafka.consumer.auto.offset.reset": "earliest",
            "batchDurationMillis": "50",
        ].merging(keys) { $1 }
        let settings = try KafkaSourceSettings(values, name: "r1", locate: { "test.conf: a1.sources.r1.\($0)" })
        counters = SourceCounters(name: "r1")
        let admission = Admission()
        channel = MemoryChannel(
            room: admission.makeRoom(capacity: capacity, byteCapacity: .max),
            transactionCapacity: 1000,
            keepAlive: .milliseconds(200),
            counters: ChannelCounters(name: "c1")
        )
        let processor = ChannelProcessor(
            interceptors: [],
            required: [channel],
            optional: [],
            admission: admission,
            mode: mode,
            acknowledgeTimeout: .seconds(60),
            counters: counters.group,
            logger: capture.logger
        )
        source = KafkaSource(
            name: "r1",
            settings: settings,
            processor: processor,
            counters: counters,
            eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            logger: capture.logger
        )
    }

    /// A started source, stopped after `body`.
    static func run(
        _ bootstrap: String,
        _ keys: [String: String],
        capacity: Int = 100_000,
        mode: AcknowledgeMode = .stored,
        _ body: (SourceHarness) async throws -> Void
    ) async throws {
        let harness = try SourceHarness(bootstrap, keys, capacity: capacity, mode: mode)
        try await harness.source.start()
        do {
            try await body(harness)
        } catch {
            await harness.stop()
            throw error
        }
        await harness.stop()
    }

    func stop() async {
        await source.quiesce()
        drain.withLock { $0?.cancel() }
        await source.stop(deadline: .now() + .seconds(5))
        // Else a client hangs, and its threads live as long as the process.
        #expect(!capture.leftBehind)
        #expect(source.state.withLock { $0.phase } == .ended)
    }

    /// Delivers everything that comes, from now on.
    func startDraining() {
        drain.withLock { drain in
            drain = Task { [self] in
                while !Task.isCancelled {
                    if take() == 0 { try? await Task.sleep(for: .milliseconds(5)) }
                }
            }
        }
    }

    /// Delivers up to so many events; how many there were.
    @discardableResult
    func take(upTo limit: Int = 1000) -> Int {
        guard let delivery = channel.take(upTo: limit, atLeast: 1, waking: ChannelWaker {}) else { return 0 }
        let events = delivery.batch.events
        taken.withLock { $0 += events }
        delivery.finish(.delivered)
        return events.count
    }

    /// Delivered so far.
    var events: [Event] { taken.withLock { $0 } }
    var bodies: [String] { events.map(\.text) }

    /// Until so many were delivered.
    @discardableResult
    func events(_ count: Int, within seconds: Double = 30) async throws -> [Event] {
        try await Waiting.until(
            "\(count) events",
            within: seconds,
            details: "\(events.count); \(capture.lines.suffix(20))"
        ) {
            events.count >= count
        }
        return events
    }

    func assigned(_ times: Int = 1) async throws {
        try await Waiting.until("partitions are assigned", within: 30, details: "\(capture.lines.suffix(20))") {
            capture.lines.count { $0.message == "partitions assigned" } >= times
        }
    }

    func counter(_ name: String) -> Int {
        counters.group.snapshot().first { $0.name == name }.flatMap { Int($0.value) } ?? -1
    }
}

extension Event {
    var text: String { String(buffer: body) }
}
