import NIOCore
import Testing

@testable import Kafka

@Suite struct BrokerHealthTests {
    private static func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

    /// The machine behind a reference, so that its changes can stand in an expectation.
    private final class Watched {
        var machine = BrokerHealth(now: BrokerHealthTests.at(0))

        var isDown: Bool { machine.isDown }
        func error(_ text: String) { machine.error(text) }
        func allBrokersDown(now: NIODeadline) { machine.allBrokersDown(now: now) }
        func beginsHolding(now: NIODeadline) { machine.beginsHolding(now: now) }
        func probeTime(isHolding: Bool) -> NIODeadline? { machine.probeTime(isHolding: isHolding) }
        func sign(now: NIODeadline) -> BrokerHealth.Action { machine.sign(now: now) }
        func probeFailed(_ text: String, now: NIODeadline) -> BrokerHealth.Action {
            machine.probeFailed(text, now: now)
        }
    }

    @Test func probesAtOnceAndIsQuietWhenWell() {
        let health = Watched()
        #expect(health.probeTime(isHolding: false) == Self.at(0))
        #expect(health.sign(now: Self.at(1)) == .none)
        #expect(health.probeTime(isHolding: false) == nil)
    }

    @Test func lostBrokersMustBeConfirmed() {
        let health = Watched()
        _ = health.sign(now: Self.at(1))
        health.error("refused")
        health.allBrokersDown(now: Self.at(100))
        #expect(!health.isDown)
        #expect(health.probeTime(isHolding: false) == Self.at(100))
        #expect(health.sign(now: Self.at(100)) == .none)
        health.error("refused")
        health.allBrokersDown(now: Self.at(200))
        #expect(health.probeFailed("timed out", now: Self.at(201)) == .down("refused"))
        #expect(health.isDown)
        #expect(health.probeFailed("timed out", now: Self.at(203)) == .none)
        #expect(health.probeTime(isHolding: false) == Self.at(205))
        #expect(health.sign(now: Self.at(205)) == .up)
    }

    @Test func neverReachedIsKnownInTime() {
        let health = Watched()
        #expect(health.probeFailed("timed out", now: Self.at(1)) == .none)
        #expect(health.probeFailed("timed out", now: Self.at(3)) == .none)
        #expect(health.probeFailed("timed out", now: Self.at(5)) == .down("timed out"))
    }

    @Test func silenceWithRecordsHeldAsks() {
        let health = Watched()
        _ = health.sign(now: Self.at(0))
        health.beginsHolding(now: Self.at(50))
        #expect(health.probeTime(isHolding: true) == Self.at(54))
        #expect(health.probeFailed("timed out", now: Self.at(55)) == .down("timed out"))
    }
}
