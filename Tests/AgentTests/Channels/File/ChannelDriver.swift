import Events
import NIOCore
import TestSupport

@testable import Agent

extension Agent.Channel {
    /// Ends it with as much time as an agent has.
    func stop() async -> Int { await stop(deadline: .now() + .seconds(8)) }
}

/// A channel with an admission of its own, and a short way to put and take numbered events.
protocol ChannelDriver {
    var admission: Admission { get }
    var driven: any Agent.Channel { get }
    var counters: ChannelCounters { get }
}

extension ChannelDriver {
    /// Puts where there is room at once, and waits until it is stored; throws why it was not.
    func put(_ numbers: some Sequence<Int>, custody: Custody? = nil) async throws {
        try await put(EventBatch.numbered(numbers), custody: custody)
    }

    func put(_ batch: EventBatch, custody: Custody? = nil) async throws {
        let grant = try grant(for: batch)
        let result = await withCheckedContinuation { continuation in
            driven.put(batch, grant: grant, custody: custody) { continuation.resume(returning: $0) }
        }
        try result.get()
    }

    /// Room for a batch, where there is some at once.
    func grant(for batch: EventBatch) throws -> RoomGrant {
        let room = driven.room.map { [$0] } ?? []
        let answer = admission.request(events: batch.count, bytes: batch.retainedBytes, in: room) { grants in
            for grant in grants { grant.release(events: batch.count, bytes: grant.bytes) }
        }
        if case .waiting(let ticket) = answer {
            _ = admission.leave(ticket)
            throw FileRig.NoRoom()
        }
        guard case .granted(let grants) = answer, let grant = grants.first else { throw FileRig.NoRoom() }
        return grant
    }

    /// Takes up to `limit` as soon as anything is there; `nil` when nothing comes within `patience`.
    func take(_ limit: Int = 1000, patience: Duration = .seconds(20)) async -> Delivery? {
        let end = ContinuousClock.now + patience
        while true {
            if let delivery = driven.take(upTo: limit, atLeast: 1, waking: ChannelWaker {}) { return delivery }
            guard ContinuousClock.now < end else { return nil }
            try? await Task.sleep(for: .milliseconds(1))
        }
    }

    func taken(_ limit: Int) async throws -> Delivery {
        guard let delivery = await take(limit) else { throw FileRig.FoundNothing() }
        return delivery
    }

    /// Whether a take finds too few.
    func isDry(_ limit: Int, atLeast minimum: Int = 1, waking waker: ChannelWaker = ChannelWaker {}) -> Bool {
        if let delivery = driven.take(upTo: limit, atLeast: minimum, waking: waker) {
            delivery.finish(.notDelivered)
            return false
        }
        return true
    }

    /// Takes and delivers until the channel is empty; the numbers in their order.
    func drain(by limit: Int = 1000) async -> [Int] {
        var numbers: [Int] = []
        while driven.size > 0 {
            guard let delivery = await take(limit) else { break }
            numbers += delivery.batch.numbers
            delivery.finish(.delivered)
        }
        return numbers
    }

    func value(_ name: String) -> String {
        counters.group.snapshot().first { $0.name == name }?.value ?? "none"
    }
}
