import NIOCore
import Testing

@testable import AvroRPC

@Suite struct PeerClockTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private static func limits(idle: TimeAmount? = nil) -> RPCLimits {
        var limits = RPCLimits()
        limits.handshakeTime = .seconds(10)
        limits.frameTime = .seconds(60)
        limits.replyTime = .seconds(30)
        limits.idleTime = idle
        return limits
    }

    /// One step: so many seconds later the connection is like this.
    struct Step: Sendable {
        var at: Int64
        var received = 0
        var isEstablished = true
        var frame: UInt64?
        var bytes = 0
        var isReading = true
        var isBusy = false
        var isBlocked = false
    }

    struct Story: Sendable, CustomTestStringConvertible {
        var name: String
        var idle: TimeAmount?
        var steps: [Step]
        /// The first second at which the connection ends, `nil`: never.
        var ends: Int64?
        var breach: RPCBreach?
        var testDescription: String { name }
    }

    static let stories: [Story] = [
        Story(name: "a silent connection", steps: [Step(at: 0, isEstablished: false)], ends: nil),
        Story(
            name: "one byte and no more",
            steps: [Step(at: 5, received: 1, isEstablished: false, frame: 0, bytes: 1)],
            ends: 15,
            breach: .handshakeTime
        ),
        Story(
            name: "a byte a second",
            steps: (1...200).map { Step(at: $0, received: Int($0), isEstablished: false, frame: 0, bytes: Int($0)) },
            ends: 11,
            breach: .handshakeTime
        ),
        Story(
            name: "whole frames and never a handshake",
            steps: (1...20).map { Step(at: $0, received: Int($0) * 100, isEstablished: false) },
            ends: 11,
            breach: .handshakeTime
        ),
        Story(
            name: "a slow line's first frame, with its handshake in front",
            steps: (1...50).map {
                Step(at: $0, received: Int($0) * 20_000, isEstablished: false, frame: 0, bytes: Int($0) * 20_000)
            } + [Step(at: 51, received: 1_020_000)],
            ends: nil
        ),
        Story(
            name: "a handshake in time",
            steps: [Step(at: 1, received: 20, isEstablished: false, frame: 0, bytes: 20), Step(at: 9, received: 60)],
            ends: nil
        ),
        Story(
            name: "half a frame",
            steps: [Step(at: 0, received: 100), Step(at: 1_000, received: 200, frame: 1, bytes: 100)],
            ends: 1_060,
            breach: .frameTime
        ),
        Story(
            name: "a frame that grows and does not end",
            steps: (0...100).map { Step(at: $0, received: Int($0) + 1, frame: 1, bytes: Int($0) + 1) },
            ends: 60,
            breach: .frameTime
        ),
        Story(
            name: "each MiB has its time",
            steps: (0...300).map { Step(at: $0, received: Int($0) * 20_000, frame: 1, bytes: Int($0) * 20_000) }
                + [Step(at: 301, received: 6_100_000)],
            ends: nil
        ),
        Story(
            name: "a frame after a frame",
            steps: (0...10).map { Step(at: $0 * 40, received: Int($0) + 1, frame: UInt64($0), bytes: 1) }
                + [Step(at: 410, received: 20)],
            ends: nil
        ),
        Story(
            name: "what we do not read is not the peer's fault",
            steps: [
                Step(at: 0, received: 10, frame: 1, bytes: 10),
                Step(at: 50, received: 10, frame: 1, bytes: 10, isReading: false, isBusy: true),
                Step(at: 500, received: 10, frame: 1, bytes: 10),
            ],
            ends: 510,
            breach: .frameTime
        ),
        Story(
            name: "answers that are not taken",
            steps: [Step(at: 0, received: 10), Step(at: 5, received: 10, isReading: false, isBlocked: true)],
            ends: 35,
            breach: .queuedReplies
        ),
        Story(
            name: "answers that are taken late",
            steps: [
                Step(at: 5, received: 10, isReading: false, isBlocked: true), Step(at: 34, received: 10),
                Step(at: 36, received: 10, isReading: false, isBlocked: true), Step(at: 60, received: 10),
            ],
            ends: nil
        ),
        Story(name: "an idle peer, no limit", steps: [Step(at: 0, received: 10)], ends: nil),
        Story(
            name: "an idle peer",
            idle: .seconds(100),
            steps: [Step(at: 0, received: 10), Step(at: 90, received: 20), Step(at: 180, received: 30)],
            ends: 280,
            breach: .idleTime
        ),
        Story(
            name: "a silent connection with a limit of idleness",
            idle: .seconds(100),
            steps: [],
            ends: 100,
            breach: .idleTime
        ),
        Story(
            name: "who waits for an answer is not idle",
            idle: .seconds(100),
            steps: [Step(at: 10, received: 10, isBusy: true), Step(at: 500, received: 10)],
            ends: 600,
            breach: .idleTime
        ),
    ]

    /// Second by second, as a timer that goes off at `next` sees it.
    @Test(arguments: stories) func endsWhenItIsDue(story: Story) {
        var clock = PeerClock(limits: Self.limits(idle: story.idle), now: Self.start)
        var steps = story.steps[...]
        for second in Int64(0)...2_000 {
            let now = Self.start + .seconds(second)
            let due = clock.next
            if let rejection = clock.check(now: now) {
                #expect(second == story.ends)
                #expect(rejection.breach == story.breach)
                #expect(due.map { $0 <= now } == true)
                return
            }
            while let step = steps.first, step.at == second {
                steps.removeFirst()
                clock.update(
                    PeerClock.Situation(
                        received: step.received,
                        isEstablished: step.isEstablished,
                        frame: step.frame.map { ($0, step.bytes) },
                        isReading: step.isReading,
                        isBusy: step.isBusy,
                        isBlocked: step.isBlocked
                    ),
                    now: now
                )
            }
        }
        #expect(story.ends == nil)
    }
}
