import Events
import Logging
import NIOCore
import NIOPosix
import Synchronization

@testable import Agent

/// A memory channel with a processor in front: what a source needs to run without an agent.
struct Harness: Sendable {
    static let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)

    let admission = Admission()
    let channel: MemoryChannel
    let channelCounters: ChannelCounters
    let processor: ChannelProcessor
    let counters: SourceCounters
    let log = LogCapture()

    init(
        capacity: Int = 1_000_000,
        byteCapacity: Int = 1 << 30,
        transactionCapacity: Int = 10_000,
        keepAlive: Duration = .milliseconds(50),
        interceptors: [any Interceptor] = [],
        mode: AcknowledgeMode = .stored,
        acknowledgeTimeout: TimeAmount = .seconds(60)
    ) {
        channelCounters = ChannelCounters(name: "c")
        counters = SourceCounters(name: "s")
        channel = MemoryChannel(
            room: admission.makeRoom(capacity: capacity, byteCapacity: byteCapacity),
            transactionCapacity: transactionCapacity,
            keepAlive: keepAlive,
            counters: channelCounters
        )
        processor = ChannelProcessor(
            interceptors: interceptors,
            required: [channel],
            optional: [],
            admission: admission,
            mode: mode,
            acknowledgeTimeout: acknowledgeTimeout,
            counters: counters.group,
            logger: log.logger
        )
    }

    /// What a source is made from.
    func source(_ values: [String: String]) -> SourceContext {
        SourceContext(
            settings: ComponentSettings(kind: .source, name: "s", prefix: "a.sources.s.", values),
            processor: processor,
            counters: counters,
            eventLoopGroup: Self.group,
            process: ProcessSettings(),
            logger: log.logger
        )
    }

    /// What a sink is made from, with counters and a log of its own.
    static func sink(
        _ values: [String: String],
        counters: SinkCounters = SinkCounters(name: "k"),
        log: LogCapture = LogCapture()
    ) -> SinkContext {
        SinkContext(
            settings: ComponentSettings(kind: .sink, name: "k", prefix: "a.sinks.k.", values),
            counters: counters,
            eventLoop: group.next(),
            deliversForCallers: false,
            process: ProcessSettings(),
            logger: log.logger,
            note: { _ in }
        )
    }

    /// Takes `count` events out of the channel, in order; fewer where no more came for `patience`.
    func drain(_ count: Int, patience: Duration = .seconds(60)) async -> [Event] {
        var events: [Event] = []
        var last = ContinuousClock.now
        while events.count < count, .now - last < patience {
            let (wakes, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
            let taken = channel.take(upTo: count - events.count, atLeast: 1, waking: ChannelWaker { wake.yield() })
            if let delivery = taken {
                events += delivery.batch.events
                delivery.finish(.delivered)
                last = .now
                continue
            }
            let timer = Task {
                try? await Task.sleep(for: patience)
                wake.finish()
            }
            for await _ in wakes { break }
            timer.cancel()
        }
        return events
    }

    /// As `drain`, the bodies as text.
    func bodies(_ count: Int, patience: Duration = .seconds(60)) async -> [String] {
        await drain(count, patience: patience).map { String(buffer: $0.body) }
    }

    /// Waits until something holds; for what nothing signals.
    static func eventually(_ patience: Duration = .seconds(60), _ condition: () -> Bool) async -> Bool {
        let end = ContinuousClock.now + patience
        while .now < end {
            if condition() { return true }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return condition()
    }

    /// A batch of events without headers.
    static func batch(_ bodies: [String]) -> EventBatch {
        var builder = EventBatchBuilder()
        for body in bodies { builder.append(body: body) }
        return builder.finish()
    }

    static func batch(_ events: [Event]) -> EventBatch {
        var builder = EventBatchBuilder()
        for event in events { builder.append(event) }
        return builder.finish()
    }
}
