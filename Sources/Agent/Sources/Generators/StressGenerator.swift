internal import Events
internal import NIOCore

/// Puts the same event again and again, at a rate and up to limits.
///
/// A refused batch counts among those sent and is not repeated; each refusal in a row makes the next pause longer, as
/// Flume's runner does.
struct StressGenerator: BatchGenerator {
    /// The keys of Flume's StressSource, read. Limits below 0 are none.
    struct Settings: Hashable, Sendable {
        var size = 500
        var maxTotalEvents: Int64 = -1
        var maxSuccessfulEvents: Int64 = -1
        var batchSize = 1
        /// 0 or less: as fast as it goes.
        var maxEventsPerSecond = 0
        var backoffIncrement = TimeAmount.seconds(1)
        var longestBackoff = TimeAmount.seconds(5)
    }

    private let settings: Settings
    private let batch: EventBatch
    private var total: Int64 = 0
    private var successful: Int64 = 0
    private var refusals: Int64 = 0
    /// When the rate allows the next batch.
    private var nextTurn: NIODeadline?

    init(_ settings: Settings) {
        self.settings = settings
        // Flume's StressSource fills the body with Byte.MAX_VALUE.
        let body = ByteBuffer(repeating: 0x7F, count: settings.size)
        var builder = EventBatchBuilder()
        for _ in 0..<settings.batchSize { builder.append(body: body) }
        batch = builder.finish().withoutWaste()
    }

    mutating func next(now: NIODeadline) -> GeneratorStep {
        if settings.maxSuccessfulEvents >= 0, successful >= settings.maxSuccessfulEvents { return .finished }
        var count = settings.batchSize
        if settings.maxTotalEvents >= 0 {
            guard total < settings.maxTotalEvents else { return .finished }
            count = Int(min(Int64(count), settings.maxTotalEvents - total))
        }
        if settings.maxEventsPerSecond > 0 {
            // What was not used of the last second may be made up for, as Guava's RateLimiter allows.
            let turn = max(nextTurn ?? now, now - .seconds(1))
            if turn > now { return .wait(until: turn) }
            nextTurn = turn + .nanoseconds(Int64(count) * 1_000_000_000 / Int64(settings.maxEventsPerSecond))
        }
        return .put(count == batch.count ? batch : batch.slice(0..<count))
    }

    mutating func settled(accepted: Bool, count: Int) -> TimeAmount {
        total += Int64(count)
        guard !accepted else {
            successful += Int64(count)
            refusals = 0
            return .zero
        }
        refusals += 1
        let (pause, overflow) = settings.backoffIncrement.nanoseconds.multipliedReportingOverflow(by: refusals)
        return overflow ? settings.longestBackoff : min(.nanoseconds(pause), settings.longestBackoff)
    }
}
