internal import Events
internal import NIOCore

/// Makes a source's events out of nothing. No I/O and no clock: `GeneratorDriver` asks and tells.
protocol BatchGenerator: Sendable {
    /// The next thing to do. After a batch, `settled` comes before `next` is asked again.
    mutating func next(now: NIODeadline) -> GeneratorStep
    /// The channels took the last batch, or refused it. Returns how long to wait before the next one.
    mutating func settled(accepted: Bool, count: Int) -> TimeAmount
}

/// What a generator wants done.
enum GeneratorStep: Sendable {
    case put(EventBatch)
    case wait(until: NIODeadline)
    /// Nothing more will come.
    case finished
}
