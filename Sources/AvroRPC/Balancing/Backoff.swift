public import NIOCore

/// How long a peer that failed is left alone: `base · 2^n` for the n-th failure in a row, never above `maximum`.
///
/// Flume computes `1000 · 2^n` in 32 bits and wraps round at the 22nd failure (FailoverSinkProcessor); this saturates.
public struct Backoff: Hashable, Sendable {
    public var base: TimeAmount
    public var maximum: TimeAmount

    public init(base: TimeAmount, maximum: TimeAmount) {
        self.base = base
        self.maximum = maximum
    }

    /// - Parameter failures: failures in a row, 1 for the first.
    public func delay(failures: Int) -> TimeAmount {
        guard failures < 63 else { return maximum }
        let (product, overflow) = base.nanoseconds.multipliedReportingOverflow(by: 1 << Int64(max(failures, 0)))
        return overflow ? maximum : min(.nanoseconds(product), maximum)
    }
}
