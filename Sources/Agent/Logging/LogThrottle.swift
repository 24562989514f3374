package import NIOCore

/// Lets one message through in a while, and counts those that it held back. A machine without clock and log.
package struct LogThrottle: Sendable {
    private let interval: TimeAmount
    /// When the next one may pass.
    private(set) var next = NIODeadline.distantPast
    private var suppressed = 0

    /// Once a minute, unless said otherwise.
    package init(interval: TimeAmount = .seconds(60)) {
        self.interval = interval
    }

    /// How many messages were held back since the last one, when this one may pass; else `nil`.
    ///
    /// - Parameter weight: what this message counts for when it is held back.
    package mutating func pass(_ now: NIODeadline, weight: Int = 1) -> Int? {
        if now < next {
            suppressed += weight
            return nil
        }
        next = now + interval
        defer { suppressed = 0 }
        return suppressed
    }
}
