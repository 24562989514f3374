internal import NIOCore

/// Whether any broker can be reached, from errors, delivery reports and probes. No I/O, no clock.
///
/// librdkafka also says "all brokers down" when idle connections were closed, so that alone only asks for a probe.
struct BrokerHealth {
    enum Action: Equatable {
        case none
        /// No broker can be reached; why.
        case down(String)
        case up
    }

    private enum State: Equatable {
        /// Nothing is known yet, since this moment.
        case unknown(NIODeadline)
        case up
        /// librdkafka says that all brokers are down.
        case suspect
        case down
    }

    /// Between two probes.
    static let probeInterval = TimeAmount.seconds(2)
    /// How long records may go unacknowledged before somebody asks.
    static let silenceLimit = TimeAmount.seconds(4)
    /// From the start to the first word of trouble: with the probe's own second below the 10 s that are promised.
    static let startLimit = TimeAmount.seconds(4)

    private var state: State
    private var nextProbe: NIODeadline
    private var lastSign: NIODeadline
    private var reason: String?

    init(now: NIODeadline) {
        state = .unknown(now)
        nextProbe = now
        lastSign = now
    }

    var isDown: Bool { state == .down }

    /// An error of a connection: kept as the reason, should there be trouble.
    mutating func error(_ text: String) { reason = text }

    /// librdkafka has lost every broker.
    mutating func allBrokersDown(now: NIODeadline) {
        switch state {
        case .up, .unknown:
            state = .suspect
            nextProbe = now
        case .suspect, .down: break
        }
    }

    /// When to probe next; `nil` while all is well.
    ///
    /// - Parameter isHolding: whether records wait for their acknowledgement.
    func probeTime(isHolding: Bool) -> NIODeadline? {
        switch state {
        case .unknown, .suspect, .down: nextProbe
        case .up: isHolding ? max(nextProbe, lastSign + Self.silenceLimit) : nil
        }
    }

    /// Nothing was held before now: silence counts from here.
    mutating func beginsHolding(now: NIODeadline) { lastSign = max(lastSign, now) }

    /// A broker answered.
    mutating func sign(now: NIODeadline) -> Action {
        lastSign = now
        reason = nil
        nextProbe = now + Self.probeInterval
        defer { state = .up }
        return state == .down ? .up : .none
    }

    mutating func probeFailed(_ text: String, now: NIODeadline) -> Action {
        nextProbe = now + Self.probeInterval
        switch state {
        case .unknown(let start) where now - start < Self.startLimit: return .none
        case .down: return .none
        case .unknown, .suspect, .up:
            state = .down
            return .down(reason ?? text)
        }
    }
}
