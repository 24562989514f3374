public import NIOCore

/// Whether one peer (a sink of a group, a host of a client) may be given work, and when to look again when it may not.
///
/// ```
/// live ──failed──▶ down ──due──▶ probing ──well──▶ halfOpen ──given one──▶ trial ──success──▶ live
///                   ▲               │                                        │
///                   └────not well───┴──────────────failure───────────────────┘   (failures + 1)
/// ```
/// No clock of its own: every input says what time it is. While a peer is not live, only its trial counts: the other
/// calls that were under way when it failed belong to the same incident. Once it is live again every failure counts: a
/// number that failed may be given again, so that it says nothing of when its call was made.
public struct PeerHealth: Hashable, Sendable {
    private enum State: Hashable {
        /// Takes what it is given.
        case live
        /// Left alone until then.
        case down(failures: Int, until: NIODeadline)
        /// Being asked whether it is well.
        case probing(failures: Int)
        /// Well as far as a probe can tell: gets one call.
        case halfOpen(failures: Int)
        /// That call is under way.
        case trial(failures: Int, number: UInt64)
    }

    private var state: State = .live
    private let backoff: Backoff

    public init(backoff: Backoff) {
        self.backoff = backoff
    }

    /// Whether it may be given any number of calls.
    public var isLive: Bool { state == .live }

    /// Whether it may be given exactly one.
    public var isHalfOpen: Bool {
        if case .halfOpen = state { return true }
        return false
    }

    /// When something is due that needs no input but time.
    public var nextCheck: NIODeadline? {
        if case .down(_, let until) = state { return until }
        return nil
    }

    /// Failures in a row.
    public var failures: Int {
        switch state {
        case .live: 0
        case .down(let failures, _), .probing(let failures), .halfOpen(let failures), .trial(let failures, _): failures
        }
    }

    /// The call `number` was given to it.
    public mutating func given(_ number: UInt64) {
        if case .halfOpen(let failures) = state { state = .trial(failures: failures, number: number) }
    }

    /// The call `number` succeeded. Returns whether the peer came back to life by it.
    public mutating func succeeded(_ number: UInt64) -> Bool {
        guard case .trial(_, number) = state else { return false }
        state = .live
        return true
    }

    /// The call `number` failed. Returns whether the peer is newly down by it.
    public mutating func failed(_ number: UInt64, now: NIODeadline) -> Bool {
        switch state {
        case .live:
            goDown(failures: 1, now: now)
            return true
        case .trial(let failures, number):
            goDown(failures: failures + 1, now: now)
            return true
        case .down, .probing, .halfOpen, .trial:
            return false
        }
    }

    /// The peer was found to be away, by no call. Returns whether it is newly down by it.
    public mutating func wentAway(now: NIODeadline) -> Bool {
        switch state {
        case .live:
            goDown(failures: 1, now: now)
            return true
        case .halfOpen(let failures):
            goDown(failures: failures + 1, now: now)
            return true
        case .down, .probing, .trial:
            return false
        }
    }

    /// Starts a probe when its time has come; returns whether it did.
    ///
    /// - Parameter canProbe: `false` where there is no way to ask: the peer is half-open at once.
    public mutating func startProbe(now: NIODeadline, canProbe: Bool) -> Bool {
        guard case .down(let failures, let until) = state, until <= now else { return false }
        state = canProbe ? .probing(failures: failures) : .halfOpen(failures: failures)
        return canProbe
    }

    /// The probe's answer. Without a probe under way it changes nothing.
    public mutating func probed(isWell: Bool, now: NIODeadline) {
        guard case .probing(let failures) = state else { return }
        if isWell {
            state = .halfOpen(failures: failures)
        } else {
            goDown(failures: failures + 1, now: now)
        }
    }

    private mutating func goDown(failures: Int, now: NIODeadline) {
        state = .down(failures: failures, until: now + backoff.delay(failures: failures))
    }
}
