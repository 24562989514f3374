import Events
import NIOCore
import TestSupport

@testable import Agent

/// A memory channel with room of its own, and a short way to put and take numbered events.
struct ChannelRig {
    let admission: Admission
    let channel: MemoryChannel
    let counters = ChannelCounters(name: "c")

    init(
        capacity: Int = 1000,
        byteCapacity: Int = .max,
        transactionCapacity: Int = 100,
        keepAlive: Duration = .seconds(3),
        admission: Admission = Admission()
    ) {
        self.admission = admission
        channel = MemoryChannel(
            room: admission.makeRoom(capacity: capacity, byteCapacity: byteCapacity),
            transactionCapacity: transactionCapacity,
            keepAlive: keepAlive,
            counters: counters
        )
    }

    /// Puts where there is room at once; returns whether it was stored.
    @discardableResult
    func put(_ numbers: some Sequence<Int>, custody: Custody? = nil) -> Bool {
        let batch = EventBatch.numbered(numbers)
        let room = channel.room.map { [$0] } ?? []
        let answer = admission.request(events: batch.count, bytes: batch.retainedBytes, in: room) { grants in
            for grant in grants { grant.release(events: batch.count, bytes: grant.bytes) }
        }
        if case .waiting(let ticket) = answer {
            _ = admission.leave(ticket)
            return false
        }
        guard case .granted(let grants) = answer, let grant = grants.first else { return false }
        let results = Recorded<Bool>()
        channel.put(batch, grant: grant, custody: custody) { result in
            if case .success = result { results.add(true) } else { results.add(false) }
        }
        return results.all == [true]
    }

    /// Takes what there is, up to `limit`; `nil` where there is nothing.
    func take(_ limit: Int, atLeast minimum: Int = 1, waking waker: ChannelWaker = ChannelWaker {}) -> Delivery? {
        channel.take(upTo: limit, atLeast: minimum, waking: waker)
    }

    struct FoundNothing: Error {}

    /// Takes what there is; throws where there is nothing.
    func taken(_ limit: Int) throws -> Delivery {
        guard let delivery = take(limit) else { throw FoundNothing() }
        return delivery
    }

    /// Whether a take finds too few.
    func isDry(_ limit: Int, atLeast minimum: Int = 1, waking waker: ChannelWaker = ChannelWaker {}) -> Bool {
        if let delivery = take(limit, atLeast: minimum, waking: waker) {
            delivery.finish(.notDelivered)
            return false
        }
        return true
    }

    /// Takes and delivers everything; the numbers in their order.
    func drain(by limit: Int = 1000) -> [Int] {
        var numbers: [Int] = []
        while let delivery = take(limit) {
            numbers += delivery.batch.numbers
            delivery.finish(.delivered)
        }
        return numbers
    }

    func count(_ name: String) -> Int {
        counters.group.snapshot().first { $0.name == name }.flatMap { Int($0.value) } ?? -1
    }
}
