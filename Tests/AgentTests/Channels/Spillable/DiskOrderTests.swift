import TestSupport
import Testing

@testable import Agent

@Suite struct DiskOrderTests {
    private func counts(_ order: DiskOrder) -> [[Int]] { order.runs.map { [Int($0.first), Int($0.last), $0.count] } }

    @Test func neighboursAreOneRun() {
        var order = DiskOrder()
        order.append(put: 0, count: 5)
        order.append(put: 1, count: 0)
        order.append(put: 1, count: 2)
        order.append(put: 3, count: 4)
        #expect(counts(order) == [[0, 1, 7], [3, 3, 4]])
        #expect(order.count == 11)
        #expect(order.take(8) == nil)
        #expect(order.take(0) == nil)
        let front = order.take(6)
        #expect(front == DiskOrder.Run(first: 0, last: 1, count: 6))
        let rest = order.take(1)
        #expect(counts(order) == [[3, 3, 4]])
        if let rest { order.giveBack(rest) }
        if let front { order.giveBack(front) }
        #expect(counts(order) == [[0, 1, 7], [3, 3, 4]])
        #expect(order.count == 11)
        order.append(put: 4, count: 1)
        #expect(counts(order) == [[0, 1, 7], [3, 4, 5]])
    }

    @Test func whatIsGivenBackStandsBehindWhatIsBefore() {
        var order = DiskOrder()
        for put: UInt64 in [0, 2, 4] { order.append(put: put, count: 3) }
        let taken = (0..<3).compactMap { _ in order.take(3) }
        #expect(order.count == 0)
        for index in [1, 2, 0] { order.giveBack(taken[index]) }
        #expect(counts(order) == [[0, 0, 3], [2, 2, 3], [4, 4, 3]])
    }

    @Test func lossIsLeftOutFromTheEnd() {
        var order = DiskOrder()
        order.append(put: 0, count: 5)
        order.append(put: 2, count: 3)
        order.lose(1)
        #expect(counts(order) == [[0, 0, 5], [2, 2, 2]])
        order.lose(3)
        #expect(counts(order) == [[0, 0, 4]])
        order.lose(100)
        #expect(counts(order) == [])
        #expect(order.count == 0)
    }
}
