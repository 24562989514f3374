import Agent
import Events
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import Kafka

/// A sink that is started, fed and stopped by a test.
final class SinkHarness: Sendable {
    let sink: KafkaSink
    let log = ReportLog()
    let capture = LogCapture()
    let counters: SinkCounters

    init(_ bootstrap: String, _ keys: [String: String] = [:], deliversForCallers: Bool = false) throws {
        let values = ["kafka.bootstrap.servers": bootstrap].merging(keys) { $1 }
        let settings = try KafkaSinkSettings(
            values,
            name: "k1",
            deliversForCallers: deliversForCallers,
            locate: { "test.conf: a1.sinks.k1.\($0)" }
        )
        counters = SinkCounters(name: "k1")
        sink = KafkaSink(
            name: "k1",
            settings: settings,
            counters: counters,
            eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            logger: capture.logger
        )
    }

    /// A started sink, stopped after `body`.
    static func run(
        _ bootstrap: String,
        _ keys: [String: String] = [:],
        deliversForCallers: Bool = false,
        _ body: (SinkHarness) async throws -> Void
    ) async throws {
        let harness = try SinkHarness(bootstrap, keys, deliversForCallers: deliversForCallers)
        try await harness.sink.start(harness.log.reports)
        do {
            try await body(harness)
        } catch {
            await harness.sink.stop(deadline: .now() + .seconds(2))
            throw error
        }
        await harness.sink.stop(deadline: .now() + .seconds(5))
        #expect(!harness.capture.leftBehind)
    }

    /// Submits batches in order, waiting while the sink is busy.
    func submit(_ batches: [EventBatch], from first: DeliveryNumber = 0) async throws {
        for (index, batch) in batches.enumerated() {
            while true {
                let ready = log.seen.ready
                if sink.submit(batch, number: first + UInt64(index), deadline: nil) == .accepted { break }
                try await log.wait(.seconds(60)) { $0.ready > ready }
            }
        }
    }

    /// Submits one batch and waits for its outcome.
    func deliver(_ events: [Event], number: DeliveryNumber = 0) async throws -> SinkOutcome {
        try await submit([EventBatch.of(events)], from: number)
        let seen = try await log.wait { $0.outcomes[number] != nil }
        return try #require(seen.outcomes[number])
    }

    func counter(_ name: String) -> Int {
        counters.group.snapshot().first { $0.name == name }.flatMap { Int($0.value) } ?? -1
    }
}

extension EventBatch {
    static func of(_ events: [Event]) -> EventBatch {
        var builder = EventBatchBuilder()
        for event in events { builder.append(event) }
        return builder.finish()
    }
}

extension SinkOutcome {
    var isDelivered: Bool {
        if case .delivered = self { true } else { false }
    }

    /// Indices of the events that were not delivered, in a batch of so many.
    func failed(of count: Int) -> [Int] {
        switch self {
        case .delivered: []
        case .notDelivered: Array(0..<count)
        case .except(let indices, _): indices
        }
    }

    var failure: SinkFailure? {
        switch self {
        case .delivered: nil
        case .notDelivered(let failure), .except(_, let failure): failure
        }
    }
}
