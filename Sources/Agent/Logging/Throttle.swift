internal import NIOCore

/// Which repeats of a message may be told. A machine without clock and log.
struct Throttle: Sendable {
    private struct Line {
        var lastTold: NIODeadline
        var suppressed = 0
    }

    /// Keys that are remembered; when there are more, the one told longest ago is forgotten.
    static let mostKeys = 256

    private let interval: TimeAmount
    private var lines: [String: Line] = [:]

    init(interval: TimeAmount) {
        self.interval = interval
    }

    /// How many were kept back since the last one told; nil when this one is to be kept back too.
    mutating func admit(_ key: String, now: NIODeadline) -> Int? {
        guard let line = lines[key] else {
            if lines.count >= Self.mostKeys, let oldest = lines.min(by: { $0.value.lastTold < $1.value.lastTold }) {
                lines[oldest.key] = nil
            }
            lines[key] = Line(lastTold: now)
            return 0
        }
        guard now - line.lastTold >= interval else {
            lines[key]?.suppressed += 1
            return nil
        }
        lines[key] = Line(lastTold: now)
        return line.suppressed
    }
}
