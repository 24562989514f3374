public import Events
public import NIOCore

/// Where events leave the agent.
///
/// A sink neither takes from a channel nor finishes a delivery: its runner does, and goes by what the sink reports. One
/// caller, on `SinkContext.eventLoop`, submits in order; reports may come from any thread, in any order. Every sink bounds
/// how many batches it holds and for how long.
public protocol Sink: AnyObject, Sendable {
    /// Events in one batch at most.
    var batchSize: Int { get }
    /// Whether `probe` can tell that the far side is well without an event being risked.
    var canProbe: Bool { get }

    /// Why the sink cannot deliver at this time, `nil` when it can or does not know. Read from any thread; `/readyz` shows it.
    var trouble: String? { get }

    /// Opens what the sink needs on this machine; a far side that is away is no error (it is reported and retried).
    func start(_ reports: SinkReports) async throws(ComponentError)
    /// Accepts a batch, or says that there is no room for it now. Answers at once.
    ///
    /// - Parameter deadline: when those who wait for these events stop waiting.
    func submit(_ batch: EventBatch, number: DeliveryNumber, deadline: NIODeadline?) -> Submission
    /// Finds out whether the far side is well; the answer is `SinkReports.probed`.
    func probe()
    /// Waits for what it holds until `deadline`, reports the rest as not delivered, and closes.
    func stop(deadline: NIODeadline) async
}

extension Sink {
    public var canProbe: Bool { false }
    public var trouble: String? { nil }
    public func probe() {}
}

/// Names a batch between a runner and its sink; counts up from 0.
public typealias DeliveryNumber = UInt64

/// A sink's answer to `submit`.
public enum Submission: Hashable, Sendable {
    /// The sink holds the batch; its outcome will be reported.
    case accepted
    /// No room: the same batch may be offered again after `SinkReports.ready`.
    case busy
}

/// What became of a batch that a sink accepted.
public enum SinkOutcome: Sendable {
    case delivered
    /// Nothing of it is known to have arrived.
    case notDelivered(SinkFailure)
    /// All but the events at these indices (ascending) arrived.
    case except([Int], SinkFailure)
}

/// Why a sink could not deliver.
public struct SinkFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What happened and where, for the log.
    public var message: String
    /// Whether the same events may do better later or elsewhere.
    public var isRetriable: Bool

    public init(_ message: String, isRetriable: Bool = true) {
        self.message = message
        self.isRetriable = isRetriable
    }

    public var description: String { message }
}

/// How a sink tells its runner what happened. Any thread may call, from within `submit` too.
public struct SinkReports: Sendable {
    let report: @Sendable (SinkReport) -> Void

    /// For runners and for tests of sinks.
    public init(_ report: @escaping @Sendable (SinkReport) -> Void) {
        self.report = report
    }

    /// The outcome of a batch; exactly once for each accepted number.
    public func finished(_ number: DeliveryNumber, _ outcome: SinkOutcome) { report(.finished(number, outcome)) }
    /// A sink that was busy has room again.
    public func ready() { report(.ready) }
    /// The far side is away, though no batch has failed by it.
    public func unavailable(_ failure: SinkFailure) { report(.unavailable(failure)) }
    /// The answer to `probe`.
    public func probed(_ failure: SinkFailure?) { report(.probed(failure)) }
}

/// One report of a sink.
public enum SinkReport: Sendable {
    case finished(DeliveryNumber, SinkOutcome)
    case ready
    case unavailable(SinkFailure)
    case probed(SinkFailure?)

    /// Whether a batch failed, in whole or in part, or the sink is away.
    var isFailure: Bool {
        switch self {
        case .finished(_, .notDelivered), .finished(_, .except), .unavailable: true
        case .finished(_, .delivered), .ready, .probed: false
        }
    }
}
