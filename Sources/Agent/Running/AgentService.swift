internal import Logging
internal import NIOCore
internal import ServiceLifecycle
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#endif

/// One agent for its life: channels, then sinks, then sources start; at the end sources stop first and what they took in
/// drains.
package final class AgentService: Service {
    package struct NamedSource: Sendable {
        let name: String
        let source: any Source
        let processor: ChannelProcessor
        let counters: CounterGroup
    }

    package struct NamedChannel: Sendable {
        let name: String
        let channel: any Channel
    }

    private enum Phase: Sendable {
        case starting
        case running
        case stopping
        case stopped
    }

    package let name: String
    private let sources: [NamedSource]
    private let channels: [NamedChannel]
    private let runners: [SinkRunner]
    /// Counters of every component.
    package let counters: [CounterGroup]
    private let shutdownTimeout: TimeAmount
    private let logger: Logger
    private let phase = Mutex(Phase.starting)
    private let lost = Atomic<Int>(0)

    init(
        name: String,
        sources: [NamedSource],
        channels: [NamedChannel],
        runners: [SinkRunner],
        counters: [CounterGroup],
        shutdownTimeout: TimeAmount,
        logger: Logger
    ) {
        self.name = name
        self.sources = sources
        self.channels = channels
        self.runners = runners
        self.counters = counters
        self.shutdownTimeout = shutdownTimeout
        self.logger = logger
    }

    /// Acknowledged events that were left in memory when the time for stopping was over.
    package var lostEvents: Int { lost.load(ordering: .relaxed) }

    /// Why the agent is not ready for traffic; empty when it is.
    package var reasonsNotReady: [String] {
        switch phase.withLock({ $0 }) {
        case .starting: return ["starting"]
        case .stopping, .stopped: return ["stopping"]
        case .running: break
        }
        let channelTroubles = channels.compactMap { named in
            named.channel.trouble.map { "channel \(named.name): \($0)" }
        }
        let sourceTroubles = sources.compactMap { named in
            named.source.trouble.map { "source \(named.name): \($0)" }
        }
        return sourceTroubles + channelTroubles + runners.compactMap(\.trouble)
    }

    /// Throws a `ComponentError` where the machine does not give what a component needs.
    package func run() async throws {
        do {
            try await start()
        } catch {
            await stop(draining: false)
            throw error
        }
        await withDiscardingTaskGroup { tasks in
            for named in sources { tasks.addTask { await named.source.run() } }
            try? await gracefulShutdown()
            await stop(draining: true)
            tasks.cancelAll()
        }
    }

    private func start() async throws(ComponentError) {
        for named in channels { try await named.channel.start() }
        for runner in runners { try await runner.start() }
        for named in sources { try await named.source.start() }
        for group in counters { group.started(at: WallClock.milliseconds()) }
        phase.withLock { $0 = .running }
        logger.info("agent runs", metadata: ["agent": "\(name)"])
    }

    private func stop(draining: Bool) async {
        phase.withLock { $0 = .stopping }
        let deadline = NIODeadline.now() + shutdownTimeout
        // The part of the time that closing needs.
        let drained = deadline - min(.seconds(1), .nanoseconds(shutdownTimeout.nanoseconds / 4))
        logger.info("stopping; admitted events drain", metadata: ["agent": "\(name)"])
        await withDiscardingTaskGroup { tasks in
            for named in sources { tasks.addTask { await named.source.quiesce() } }
        }
        // What a source still hands over is refused: its client sends it elsewhere, and the draining has an end.
        for named in sources { named.processor.close() }
        if draining { await drain(until: drained) }
        await withDiscardingTaskGroup { tasks in
            for runner in runners { tasks.addTask { await runner.stop(deadline: drained) } }
        }
        var left = 0
        for named in channels {
            let count = await named.channel.stop(deadline: deadline)
            if count > 0 {
                logger.error(
                    "acknowledged events are lost",
                    metadata: ["channel": "\(named.name)", "events": "\(count)"]
                )
            }
            left += count
        }
        lost.store(left, ordering: .relaxed)
        await withDiscardingTaskGroup { tasks in
            for named in sources { tasks.addTask { await named.source.stop(deadline: deadline) } }
        }
        for group in counters { group.stopped(at: WallClock.milliseconds()) }
        phase.withLock { $0 = .stopped }
        logger.info("stopped", metadata: ["agent": "\(name)", "lost": "\(left)"])
    }

    private func drain(until deadline: NIODeadline) async {
        while NIODeadline.now() < deadline, !Task.isCancelled, channels.contains(where: { $0.channel.unsavedSize > 0 })
        {
            try? await Task.sleep(for: .milliseconds(10))
        }
    }
}

/// The time of day.
package enum WallClock {
    /// Milliseconds since 1970.
    package static func milliseconds() -> Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
