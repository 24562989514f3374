import Synchronization
import TestSupport

@testable import Agent

/// What takers in several threads made of numbered events: how often each was delivered.
final class FateTally: Sendable {
    let seen: Mutex<[Int]>
    let delivered = Atomic<Int>(0)

    init(_ count: Int) { seen = Mutex([Int](repeating: 0, count: count)) }

    /// Finishes a delivery in one of all ways, by turn.
    func finish(_ delivery: consuming Delivery, turn: Int) {
        let numbers = delivery.batch.numbers
        var failed: [Int] = []
        switch turn % 5 {
        case 0: failed = Array(numbers.indices)
        case 1: failed = numbers.indices.filter { $0 % 3 == 0 }
        default: break
        }
        let gone = Set(numbers.indices).subtracting(failed)
        seen.withLock { seen in for index in gone { seen[numbers[index]] += 1 } }
        delivered.add(gone.count, ordering: .relaxed)
        switch turn % 5 {
        case 0: delivery.finish(.notDelivered)
        case 1: delivery.finish(.except(failed))
        default: delivery.finish(.delivered)
        }
    }
}
