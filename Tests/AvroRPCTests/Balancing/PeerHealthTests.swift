import AvroRPC
import NIOCore
import Testing

/// A state of a peer, how it is reached, and what every input does to it.
@Suite struct PeerHealthTests {
    enum State: String, CaseIterable, Sendable {
        case live
        case down
        case probing
        case halfOpen
        case trial
    }

    enum Input: String, CaseIterable, Sendable {
        case given
        case trialSucceeds
        case trialFails
        case oldSucceeds
        case oldFails
        case wentAway
        case probeTooEarly
        case probeDue
        case dueWithoutProbe
        case probedWell
        case probedBad
    }

    /// The trial's number, and that of a call given long before.
    private static let trial: UInt64 = 50
    private static let old: UInt64 = 7
    private static let start = NIODeadline.uptimeNanoseconds(5_000_000_000)
    private static let backoff = Backoff(base: .seconds(1), maximum: .seconds(30))

    /// Reached by one failure.
    private static func reach(_ state: State) -> PeerHealth {
        var health = PeerHealth(backoff: backoff)
        if state == .live { return health }
        #expect(health.failed(1, now: start) == true)
        if state == .down { return health }
        #expect(health.startProbe(now: start + .seconds(2), canProbe: true) == true)
        if state == .probing { return health }
        health.probed(isWell: true, now: start + .seconds(2))
        if state == .halfOpen { return health }
        health.given(trial)
        return health
    }

    /// What can be seen of it.
    private static func name(_ health: PeerHealth) -> State? {
        if health.isLive { return .live }
        if health.isHalfOpen { return .halfOpen }
        if health.nextCheck != nil { return .down }
        // Probing takes a probe's answer, a trial does not.
        var copy = health
        copy.probed(isWell: true, now: start)
        return copy.isHalfOpen ? .probing : .trial
    }

    /// Every transition; what is not here changes nothing.
    private static let transitions: [State: [Input: (State, failures: Int)]] = [
        .live: [
            .trialFails: (.down, 1),
            .oldFails: (.down, 1),
            .wentAway: (.down, 1),
        ],
        .down: [
            .probeDue: (.probing, 1),
            .dueWithoutProbe: (.halfOpen, 1),
        ],
        .probing: [
            .probedWell: (.halfOpen, 1),
            .probedBad: (.down, 2),
        ],
        .halfOpen: [
            .given: (.trial, 1),
            .wentAway: (.down, 2),
        ],
        .trial: [
            .trialSucceeds: (.live, 0),
            .trialFails: (.down, 2),
        ],
    ]

    private static func apply(_ input: Input, to health: inout PeerHealth) -> Bool {
        let late = start + .seconds(100)
        switch input {
        case .given: health.given(trial)
        case .trialSucceeds: return health.succeeded(trial)
        case .trialFails: return health.failed(trial, now: late)
        case .oldSucceeds: return health.succeeded(old)
        case .oldFails: return health.failed(old, now: late)
        case .wentAway: return health.wentAway(now: late)
        case .probeTooEarly: return health.startProbe(now: start + .seconds(2) - .nanoseconds(1), canProbe: true)
        case .probeDue: return health.startProbe(now: late, canProbe: true)
        case .dueWithoutProbe: return health.startProbe(now: late, canProbe: false)
        case .probedWell: health.probed(isWell: true, now: late)
        case .probedBad: health.probed(isWell: false, now: late)
        }
        return false
    }

    @Test(arguments: State.allCases, Input.allCases)
    func everyInputInEveryState(state: State, input: Input) {
        var health = Self.reach(state)
        #expect(Self.name(health) == state)
        let before = health
        let told = Self.apply(input, to: &health)
        guard let (next, failures) = Self.transitions[state]?[input] else {
            #expect(health == before)
            #expect(!told)
            return
        }
        #expect(Self.name(health) == next)
        #expect(health.failures == failures)
        // Told: newly down, restored, or a probe begun; not for what the caller knows.
        let isTold = input != .given && input != .dueWithoutProbe && input != .probedWell && input != .probedBad
        #expect(told == isTold)
        if next == .down {
            #expect(health.nextCheck == Self.start + .seconds(100) + Self.backoff.delay(failures: failures))
        } else {
            #expect(health.nextCheck == nil)
        }
    }

    @Test func aProbeIsDueAtItsTimeExactly() {
        var health = Self.reach(.down)
        #expect(health.nextCheck == Self.start + .seconds(2))
        #expect(health.startProbe(now: Self.start + .milliseconds(1_999), canProbe: true) == false)
        #expect(health.startProbe(now: Self.start + .seconds(2), canProbe: true) == true)
        #expect(health.startProbe(now: Self.start + .seconds(99), canProbe: true) == false, "one at a time")
    }

    @Test func aProbeAnsweredTwice() {
        var health = Self.reach(.probing)
        health.probed(isWell: true, now: Self.start)
        health.probed(isWell: false, now: Self.start)
        #expect(health.isHalfOpen)
        health.given(Self.trial)
        health.probed(isWell: false, now: Self.start)
        #expect(health.succeeded(Self.trial) == true)
        health.probed(isWell: false, now: Self.start)
        #expect(health.isLive)
    }

    /// Calls under way when it failed belong to that incident while it lasts.
    @Test func lateOutcomesOfOldCalls() {
        var health = Self.reach(.trial)
        #expect(health.failed(Self.old, now: Self.start) == false)
        #expect(health.succeeded(Self.old) == false)
        #expect(health.succeeded(Self.trial) == true)
        #expect(health.succeeded(Self.old) == false)
        #expect(health.isLive)
        // The number may have been given anew: it is not told from an old one.
        #expect(health.failed(Self.old, now: Self.start) == true)
        #expect(health.failures == 1)
    }

    @Test func manyFailuresOnAVirtualClock() {
        var health = PeerHealth(backoff: Self.backoff)
        var now = Self.start
        #expect(health.failed(0, now: now) == true)
        for failures in 1...150 {
            #expect(health.failures == failures)
            let due = health.nextCheck ?? .distantPast
            #expect(due - now == Self.backoff.delay(failures: failures))
            now = due
            #expect(health.startProbe(now: now, canProbe: true) == true)
            if failures % 2 == 0 {
                health.probed(isWell: false, now: now)
            } else {
                health.probed(isWell: true, now: now)
                health.given(UInt64(failures))
                #expect(health.failed(UInt64(failures), now: now) == true)
            }
        }
        now = health.nextCheck ?? now
        #expect(health.startProbe(now: now, canProbe: false) == false)
        health.given(1_000)
        #expect(health.succeeded(1_000) == true)
        #expect(health.failures == 0)
        #expect(health.failed(1_001, now: now) == true)
        #expect(health.nextCheck == now + .seconds(2), "it begins anew")
    }
}
