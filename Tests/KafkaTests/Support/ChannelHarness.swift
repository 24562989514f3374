import Events
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Agent
@testable import Kafka

/// A Kafka channel that a test puts into and takes from.
final class ChannelHarness: Sendable {
    let channel: KafkaChannel
    let capture = LogCapture()
    let counters = ChannelCounters(name: "c1")

    init(_ bootstrap: String, _ keys: [String: String]) throws {
        let settings = try KafkaChannelSettings(
            ["kafka.bootstrap.servers": bootstrap].merging(keys) { $1 },
            name: "c1",
            locate: { "test.conf: a1.channels.c1.\($0)" }
        )
        channel = KafkaChannel(
            name: "c1",
            settings: settings,
            counters: counters,
            admission: Admission(),
            byteCapacity: 1 << 30,
            eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            logger: capture.logger
        )
    }

    static func run(
        _ bootstrap: String,
        _ keys: [String: String],
        _ body: (ChannelHarness) async throws -> Void
    ) async throws {
        let harness = try ChannelHarness(bootstrap, keys)
        try await harness.channel.start()
        do {
            try await body(harness)
        } catch {
            _ = await harness.stop()
            throw error
        }
        #expect(await harness.stop() == 0)
    }

    /// Ends it with as much time as an agent has.
    func stop() async -> Int {
        let left = await channel.stop(deadline: .now() + .seconds(8))
        #expect(!capture.leftBehind)
        return left
    }

    /// Returns when it is stored, or why it is not.
    @discardableResult
    func put(_ events: [Event]) async -> ComponentError? {
        await withCheckedContinuation { continuation in
            channel.put(.of(events), grant: RoomGrant(), custody: nil) { result in
                switch result {
                case .success: continuation.resume(returning: nil)
                case .failure(let error): continuation.resume(returning: error)
                }
            }
        }
    }

    /// Takes what is there within the time, and finishes it so.
    func take(
        upTo limit: Int = 1000,
        within seconds: Double = 20,
        _ end: DeliveryEnd = .delivered
    ) async throws -> [Event] {
        var events: [Event] = []
        try await Waiting.until("events to take", within: seconds, details: "\(capture.lines.suffix(10))") {
            guard let delivery = channel.take(upTo: limit, atLeast: 1, waking: ChannelWaker {}) else { return false }
            events = delivery.batch.events
            delivery.finish(end)
            return true
        }
        return events
    }

    /// Takes and delivers until there are so many.
    func takeAll(_ count: Int) async throws -> [Event] {
        var events: [Event] = []
        while events.count < count { events += try await take() }
        return events
    }

    func counter(_ name: String) -> Int {
        counters.group.snapshot().first { $0.name == name }.flatMap { Int($0.value) } ?? -1
    }
}
