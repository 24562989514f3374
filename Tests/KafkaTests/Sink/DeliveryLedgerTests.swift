import Events
import NIOCore
import Testing

@testable import Kafka

@Suite struct DeliveryLedgerTests {
    private static let now = NIODeadline.uptimeNanoseconds(1)

    /// The machine behind a reference, so that its changes can stand in an expectation.
    private final class Held {
        var machine: DeliveryLedger
        init(limit: Int) { machine = DeliveryLedger(limit: limit) }

        var heldEvents: Int { machine.heldEvents }
        func admit(_ number: UInt64, count: Int, now: NIODeadline) -> Int? {
            machine.admit(number, count: count, now: now)
        }
        func acknowledge(slot: Int, index: Int) { machine.acknowledge(slot: slot, index: index) }
        func fail(slot: Int, index: Int, _ failure: EventFailure) { machine.fail(slot: slot, index: index, failure) }
        func takeOutcomes() -> [DeliveryLedger.Outcome] { machine.takeOutcomes() }
        func takeReady() -> Bool { machine.takeReady() }
    }

    private func open(limit: Int) -> Held {
        let ledger = Held(limit: limit)
        ledger.machine.open()
        return ledger
    }

    @Test func outcomeComesWithTheLastEvent() throws {
        let ledger = open(limit: 10)
        let slot = try #require(ledger.admit(7, count: 3, now: Self.now))
        ledger.acknowledge(slot: slot, index: 2)
        ledger.acknowledge(slot: slot, index: 0)
        #expect(ledger.takeOutcomes().isEmpty)
        #expect(ledger.heldEvents == 3)
        ledger.acknowledge(slot: slot, index: 1)
        let outcomes = ledger.takeOutcomes()
        #expect(outcomes.map(\.number) == [7])
        #expect(outcomes[0].failed == [])
        #expect(ledger.heldEvents == 0)
        #expect(ledger.takeOutcomes().isEmpty)
    }

    @Test func failuresAreAscendingAndKeepTheFirstReason() throws {
        let ledger = open(limit: 10)
        let slot = try #require(ledger.admit(0, count: 4, now: Self.now))
        ledger.fail(slot: slot, index: 3, .event("first"))
        ledger.acknowledge(slot: slot, index: 0)
        ledger.fail(slot: slot, index: 1, .stopped)
        ledger.acknowledge(slot: slot, index: 2)
        let outcome = try #require(ledger.takeOutcomes().first)
        #expect(outcome.failed == [1, 3])
        #expect(outcome.reason == .event("first"))
        #expect(outcome.isRetriable)
    }

    @Test func limitsEventsAndSaysReadyOnce() throws {
        let ledger = open(limit: 5)
        let first = try #require(ledger.admit(0, count: 3, now: Self.now))
        #expect(ledger.admit(1, count: 3, now: Self.now) == nil)
        #expect(!ledger.takeReady())
        for index in 0..<3 { ledger.acknowledge(slot: first, index: index) }
        #expect(ledger.takeReady())
        #expect(!ledger.takeReady())
        // One batch above the limit is held alone.
        #expect(ledger.admit(2, count: 50, now: Self.now) != nil)
        #expect(ledger.admit(3, count: 1, now: Self.now) == nil)
    }

    @Test func stallIsBusyUntilItIsOver() throws {
        let ledger = open(limit: 10)
        let batch = EventBatch.of((0..<4).map { Event(body: "\($0)") })
        let slot = try #require(ledger.admit(0, count: 4, now: Self.now))
        ledger.machine.stall(slot: slot, batch: batch, from: 1)
        #expect(ledger.admit(1, count: 1, now: Self.now) == nil)
        ledger.acknowledge(slot: slot, index: 0)
        #expect(!ledger.takeReady())
        ledger.machine.unstall()
        #expect(ledger.takeReady())
        #expect(ledger.admit(1, count: 1, now: Self.now) != nil)
    }

    @Test func givingUpTheStalledFailsOnlyThem() throws {
        let ledger = open(limit: 10)
        let batch = EventBatch.of((0..<3).map { Event(body: "\($0)") })
        let slot = try #require(ledger.admit(0, count: 3, now: Self.now))
        ledger.machine.stall(slot: slot, batch: batch, from: 1)
        ledger.machine.failStalled(.stopped)
        #expect(ledger.takeOutcomes().isEmpty)
        ledger.acknowledge(slot: slot, index: 0)
        #expect(ledger.takeOutcomes().first?.failed == [1, 2])
    }

    @Test func closedTakesNothing() {
        let ledger = open(limit: 10)
        ledger.machine.close()
        #expect(ledger.admit(0, count: 1, now: Self.now) == nil)
        #expect(!ledger.takeReady())
    }

    @Test func failAllSettlesEveryBatch() throws {
        let ledger = open(limit: 10)
        let slot = try #require(ledger.admit(0, count: 2, now: Self.now))
        _ = ledger.admit(1, count: 1, now: Self.now)
        ledger.acknowledge(slot: slot, index: 0)
        ledger.machine.failAll(.stopped)
        #expect(ledger.takeOutcomes().map(\.number).sorted() == [0, 1])
        #expect(ledger.heldEvents == 0)
    }

    /// What comes of a client that was given up must not settle what its successor holds in the same slot.
    @Test func whatComesOfAnEarlierLifeDoesNotCount() throws {
        let ledger = open(limit: 10)
        let batch = EventBatch.of((0..<2).map { Event(body: "\($0)") })
        let old = try #require(ledger.admit(0, count: 2, now: Self.now))
        ledger.machine.failAll(.stopped)
        #expect(ledger.takeOutcomes().map(\.failed) == [[0, 1]])
        let new = try #require(ledger.admit(1, count: 2, now: Self.now))
        #expect(!ledger.machine.isCurrent(old))
        #expect(ledger.machine.isCurrent(new))
        ledger.acknowledge(slot: old, index: 0)
        ledger.acknowledge(slot: old, index: 1)
        ledger.fail(slot: old, index: 1, .event("late"))
        ledger.machine.expect(5, slot: old)
        ledger.machine.stall(slot: old, batch: batch, from: 1)
        #expect(ledger.machine.stall == nil)
        #expect(ledger.takeOutcomes().isEmpty)
        #expect(ledger.heldEvents == 2)
        let opaque = DeliveryLedger.opaque(slot: new, index: 1)
        ledger.acknowledge(slot: Int(opaque >> 32), index: Int(opaque & 0xffff_ffff))
        ledger.acknowledge(slot: new, index: 0)
        #expect(ledger.takeOutcomes().map(\.failed) == [[]])
    }

    /// Lives are numbered in eight bits.
    @Test func livesGoRound() throws {
        let ledger = open(limit: 10)
        for number in 0..<600 as Range<UInt64> {
            let slot = try #require(ledger.admit(number, count: 1, now: Self.now))
            #expect(DeliveryLedger.opaque(slot: slot, index: 0) >> 32 == UInt64(slot))
            if number.isMultiple(of: 2) { ledger.acknowledge(slot: slot, index: 0) }
            ledger.machine.failAll(.stopped)
            #expect(ledger.takeOutcomes().map(\.failed) == [number.isMultiple(of: 2) ? [] : [0]])
        }
    }

    @Test func slotsAreUsedAgain() throws {
        let ledger = open(limit: 10)
        for number in 0..<5 as Range<UInt64> {
            let slot = try #require(ledger.admit(number, count: 1, now: Self.now))
            #expect(slot == 0)
            ledger.acknowledge(slot: slot, index: 0)
        }
        #expect(ledger.takeOutcomes().map(\.number) == [0, 1, 2, 3, 4])
    }
}
