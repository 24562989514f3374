import Events
import NIOCore
import TestSupport
import Testing

@testable import Agent

@Suite struct CustodyTests {
    private let answers = Recorded<Bool>()

    private func custody(_ events: Int) -> Custody {
        Custody(events: events, deadline: .distantFuture) { [answers] in answers.add($0) }
    }

    @Test func allPartsDelivered() {
        let custody = custody(6)
        custody.taken(4)
        custody.delivered(4)
        custody.taken(2)
        #expect(custody.givenBack(1))
        custody.delivered(1)
        #expect(answers.all == [])
        custody.taken(1)
        custody.delivered(1)
        #expect(answers.all == [true])
    }

    @Test func withdrawnWithNothingHeld() {
        let custody = custody(3)
        custody.withdraw()
        custody.removed(3)
        #expect(answers.all == [false])
    }

    @Test func whatASinkHoldsDecides() {
        for isDelivered in [true, false] {
            let answers = Recorded<Bool>()
            let custody = Custody(events: 3, deadline: .distantFuture) { answers.add($0) }
            custody.taken(3)
            custody.withdraw()
            custody.removed(0)
            #expect(answers.all == [])
            if isDelivered {
                custody.delivered(3)
            } else {
                #expect(!custody.givenBack(3))
                custody.removed(3)
            }
            #expect(answers.all == [isDelivered])
        }
    }

    @Test func aPartThatWasTakenOutMakesTheWholeFail() {
        let custody = custody(4)
        custody.taken(2)
        custody.withdraw()
        custody.removed(2)
        custody.delivered(2)
        #expect(answers.all == [false])
    }

    /// The answer may go straight back into the channel: it must not come while the channel is at work.
    @Test func theAnswerComesUnderNoLock() throws {
        let rig = ChannelRig()
        let answers = answers
        let custody = Custody(events: 2, deadline: .distantFuture) { delivered in
            rig.put([7])
            answers.add(delivered)
        }
        rig.put([1, 2], custody: custody)
        let delivery = try rig.taken(2)
        custody.withdraw()
        delivery.finish(.notDelivered)
        #expect(answers.all == [false])
        #expect(rig.drain() == [7])
    }

    @Test func withdrawalTakesOnlyWhatLiesInTheQueue() throws {
        let rig = ChannelRig()
        let custody = custody(4)
        rig.put([0, 1])
        rig.put(2..<6, custody: custody)
        rig.put([6])
        let delivery = try rig.taken(4)
        custody.withdraw()
        #expect(rig.channel.withdraw(custody) == 2)
        custody.removed(2)
        #expect(rig.channel.size == 5)
        delivery.finish(.except([0, 3]))
        #expect(answers.all == [false])
        #expect(rig.channel.size == 2)
        #expect(rig.drain() == [0, 6])
    }
}
