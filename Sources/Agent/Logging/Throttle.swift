internal import NIOCore

/// Which repeats of which messages may be told.
struct Throttle: Sendable {
    /// Keys that are remembered; when there are more, the one told longest ago is forgotten.
    static let mostKeys = 256

    private let interval: TimeAmount
    private var lines: [String: LogThrottle] = [:]

    init(interval: TimeAmount) {
        self.interval = interval
    }

    /// How many were kept back since the last one told; nil when this one is to be kept back too.
    mutating func admit(_ key: String, now: NIODeadline) -> Int? {
        if lines[key] == nil {
            if lines.count >= Self.mostKeys, let oldest = lines.min(by: { $0.value.next < $1.value.next }) {
                lines[oldest.key] = nil
            }
            lines[key] = LogThrottle(interval: interval)
        }
        return lines[key]?.pass(now)
    }
}
