import Events
import NIOCore
import TestSupport
import Testing

@testable import Agent

@Suite struct MemoryChannelTests {
    private let rig = ChannelRig()

    @Test(arguments: [1, 2, 3, 7, 10, 100])
    func takesSplitAndMergeInOrder(limit: Int) {
        rig.put(0..<5)
        rig.put(5..<6)
        rig.put(6..<20)
        var taken: [[Int]] = []
        while let delivery = rig.take(limit) {
            taken.append(delivery.batch.numbers)
            delivery.finish(.delivered)
        }
        #expect(taken.flatMap { $0 } == Array(0..<20))
        #expect(taken.dropLast().allSatisfy { $0.count == limit })
        #expect(rig.channel.size == 0)
    }

    /// Two events of 10 MiB are more than one take may hold; a small one goes along.
    @Test func aTakeOfLargeEventsIsBoundInBytes() {
        var builder = EventBatchBuilder()
        for _ in 0..<3 { builder.append(body: ByteBuffer(repeating: 7, count: 10 << 20)) }
        rig.channel.put(builder.finish(), grant: RoomGrant(), custody: nil) { _ in }
        rig.put(0..<2)
        var counts: [Int] = []
        while let delivery = rig.take(100) {
            counts.append(delivery.batch.count)
            delivery.finish(.delivered)
        }
        #expect(counts == [1, 1, 3])
    }

    @Test func capacityIsFreedWhenADeliveryIsFinished() throws {
        let rig = ChannelRig(capacity: 5)
        rig.put(0..<5)
        #expect(!rig.put([9]))
        let delivery = try rig.taken(2)
        #expect(rig.channel.size == 5)
        #expect(!rig.put([9]))
        delivery.finish(.delivered)
        #expect(rig.channel.size == 3)
        #expect(rig.put([5, 6]))
        #expect(rig.drain() == [2, 3, 4, 5, 6])
    }

    @Test func bytesAreFreedToTheLastOne() throws {
        let size = EventBatch.numbered(0..<7).retainedBytes
        let rig = ChannelRig(byteCapacity: size)
        rig.put(0..<7)
        // Three pieces of uneven shares, one of them cut again.
        let first = try rig.taken(2)
        let second = try rig.taken(3)
        second.finish(.except([1]))
        first.finish(.notDelivered)
        #expect(!rig.put(7..<14))
        #expect(rig.drain() == [0, 1, 3, 5, 6])
        #expect(rig.put(7..<14))
        #expect(rig.drain() == Array(7..<14))
    }

    @Test(arguments: [
        ([0], [0, 4, 5, 6, 7, 8, 9]), ([3], [3, 4, 5, 6, 7, 8, 9]), ([1, 2], [1, 2, 4, 5, 6, 7, 8, 9]),
        ([0, 3], [0, 3, 4, 5, 6, 7, 8, 9]), ([0, 1, 2, 3], Array(0..<10)), ([], [4, 5, 6, 7, 8, 9]),
    ])
    func exceptReturnsJustThese(failed: [Int], left: [Int]) throws {
        rig.put(0..<10)
        let delivery = try rig.taken(4)
        delivery.finish(.except(failed))
        #expect(rig.channel.size == left.count)
        #expect(rig.drain() == left)
        #expect(rig.count("EventTakeSuccessCount") == 10)
        #expect(rig.channel.size == 0)
    }

    @Test func exceptCutsAcrossPuts() throws {
        rig.put(0..<2)
        rig.put(2..<5)
        rig.put(5..<6)
        let delivery = try rig.taken(10)
        delivery.finish(.except([1, 2, 4, 5]))
        #expect(rig.drain(by: 1) == [1, 2, 4, 5])
        #expect(rig.channel.size == 0)
    }

    @Test func aDroppedDeliveryGivesAllBack() throws {
        rig.put(0..<4)
        do {
            let delivery = try rig.taken(3)
            let count = delivery.batch.count
            #expect(count == 3)
        }
        #expect(rig.channel.size == 4)
        #expect(rig.drain() == [0, 1, 2, 3])
    }

    @Test func wakersFireOnceAtTheirNumber() {
        let woken = Recorded<String>()
        let one = ChannelWaker { woken.add("one") }
        let three = ChannelWaker { woken.add("three") }
        #expect(rig.isDry(10, waking: one))
        #expect(rig.isDry(10, atLeast: 3, waking: three))
        rig.put([0])
        #expect(woken.all == ["one"])
        rig.put([1])
        #expect(woken.all == ["one"])
        rig.put([2])
        #expect(woken.all == ["one", "three"])
        rig.put([3])
        #expect(woken.all == ["one", "three"])
    }

    @Test func aWakerThatAsksAgainFiresOnceAndEventsGivenBackWake() throws {
        let woken = Recorded<Int>()
        let waker = ChannelWaker { woken.add(0) }
        rig.put([0, 1])
        let delivery = try rig.taken(2)
        #expect(rig.isDry(1, waking: waker))
        #expect(rig.isDry(1, atLeast: 2, waking: waker))
        delivery.finish(.notDelivered)
        #expect(woken.count == 1)
    }

    @Test func stopLosesWhatNobodyWaitsForAndRefusesPuts() async throws {
        let answers = Recorded<Bool>()
        let custody = Custody(events: 5, deadline: .distantFuture) { answers.add($0) }
        rig.put(0..<3)
        rig.put(3..<8, custody: custody)
        rig.put(8..<10)
        // One acknowledged and one awaited event are with a sink that does not finish.
        let early = try rig.taken(1)
        let room = rig.channel.room
        let lost = await rig.channel.stop()
        #expect(lost == 5)
        #expect(answers.all == [false])
        #expect(!rig.put([11]))
        #expect(rig.isDry(1))
        early.finish(.notDelivered)
        #expect(rig.isDry(1))
        #expect(room?.events == 0)
        #expect(answers.count == 1)
    }

    @Test func awaitedEventsGivenBackAfterTheStopAreAnswered() async throws {
        let answers = Recorded<Bool>()
        let custody = Custody(events: 2, deadline: .distantFuture) { answers.add($0) }
        rig.put(0..<2, custody: custody)
        let delivery = try rig.taken(2)
        let lost = await rig.channel.stop()
        #expect(lost == 0)
        delivery.finish(.notDelivered)
        #expect(answers.all == [false])
        #expect(rig.channel.size == 0)
    }

    @Test func countersAreFlumes() throws {
        #expect(rig.isDry(5))
        rig.put(0..<10)
        #expect(rig.count("EventPutAttemptCount") == 10)
        #expect(rig.count("EventPutSuccessCount") == 10)
        // A take of 4 asks 4 times; one that finds fewer asks once more in vain (Flume's sinks take event by event).
        let first = try rig.taken(4)
        #expect(rig.count("EventTakeAttemptCount") == 5)
        let second = try rig.taken(100)
        #expect(rig.count("EventTakeAttemptCount") == 12)
        #expect(rig.count("EventTakeSuccessCount") == 0)
        first.finish(.delivered)
        second.finish(.notDelivered)
        #expect(rig.count("EventTakeSuccessCount") == 4)
        #expect(rig.count("ChannelSize") == 6)
        #expect(rig.count("ChannelCapacity") == 1000)
        #expect(rig.counters.group.snapshot().contains { $0 == ("ChannelFillPercentage", "0.6") })
    }
}
