import Events
import NIOCore
import TestSupport
import Testing

@testable import Kafka

@Suite struct BatchQueueTests {
    private let a = TopicPartition(topic: "t", partition: 0)
    private let b = TopicPartition(topic: "t", partition: 1)

    private func parcel(_ number: UInt64, _ runs: [(TopicPartition, Int)]) -> BatchQueue.Parcel {
        let count = runs.reduce(0) { $0 + $1.1 }
        return .init(
            number: number,
            batch: .numbered((0..<count).map { Int(number) * 100 + $0 }),
            runs: runs.map { .init(partition: $0.0, count: $0.1) }
        )
    }

    @Test func nextIsOfferedWhenTheOneBeforeIsAdmitted() {
        var queue = BatchQueue(maxEvents: 100, maxBytes: 1 << 20)
        queue.add(parcel(0, [(a, 2)]))
        queue.add(parcel(1, [(a, 2)]))
        let first = queue.next()
        #expect(first?.parcel.number == 0)
        let next1 = queue.next()
        #expect(next1 == nil)
        let isNews = queue.admitted(first!.id)
        let isNewsAgain = queue.admitted(first!.id)
        #expect(isNews && !isNewsAgain)
        let next2 = queue.next()
        #expect(next2?.parcel.number == 1)
        #expect(queue.heldEvents == 4)
        queue.acknowledged(first!)
        #expect(queue.heldEvents == 2)
        #expect(queue.heldBytes == parcel(1, [(a, 2)]).batch.bytes.readableBytes)
    }

    @Test func refusedOneGoesFirstAfterAPause() {
        var queue = BatchQueue(maxEvents: 100, maxBytes: 1 << 20)
        queue.add(parcel(0, [(a, 1)]))
        queue.add(parcel(1, [(a, 1)]))
        var pauses: [TimeAmount?] = []
        for _ in 0..<5 {
            let attempt = queue.next()!
            #expect(attempt.parcel.number == 0)
            pauses.append(queue.refused(attempt))
            let next3 = queue.next()
            #expect(next3 == nil)
            queue.rested()
        }
        #expect(pauses == [100, 200, 400, 800, 1000].map { .milliseconds($0) })
        #expect(queue.heldEvents == 2)
        queue.close()
        let next4 = queue.next()
        #expect(next4 == nil)
    }

    @Test func isFullAtItsBounds() {
        var queue = BatchQueue(maxEvents: 10, maxBytes: 1 << 20)
        #expect(!queue.isFull(for: 1000))
        queue.add(parcel(0, [(a, 6)]))
        #expect(!queue.isFull(for: 4))
        #expect(queue.isFull(for: 5))
        var small = BatchQueue(maxEvents: 1000, maxBytes: 10)
        small.add(parcel(0, [(a, 6)]))
        #expect(small.isFull(for: 1))
    }

    @Test func revokedEventsAreDropped() {
        var queue = BatchQueue(maxEvents: 100, maxBytes: 1 << 20)
        queue.add(parcel(0, [(a, 1)]))
        queue.add(parcel(1, [(a, 2), (b, 1), (a, 1), (b, 2)]))
        queue.add(parcel(2, [(b, 1)]))
        queue.drop { $1 == a }
        let first = queue.next()!
        #expect(first.parcel.number == 1)
        #expect(first.parcel.batch.numbers == [102, 104, 105])
        #expect(queue.heldEvents == 4)
        queue.acknowledged(first)
        let next5 = queue.next()
        #expect(next5?.parcel.number == 2)
        #expect(queue.heldEvents == 1)
    }

    @Test func eventsThatInterceptorsChangedStay() {
        var queue = BatchQueue(maxEvents: 100, maxBytes: 1 << 20)
        var changed = parcel(0, [(a, 2), (b, 1)])
        changed.batch = .numbered([7])
        queue.add(changed)
        queue.drop { $1 == a }
        let next6 = queue.next()
        #expect(next6?.parcel.batch.numbers == [7])
    }
}
