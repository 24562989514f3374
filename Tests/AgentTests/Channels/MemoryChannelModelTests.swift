import DequeModule
import Events
import Synchronization
import TestSupport
import Testing

@testable import Agent

@Suite struct MemoryChannelModelTests {
    private struct Out: ~Copyable {
        var numbers: [Int]
        var delivery: Delivery
    }

    /// A sorted list of numbers is all that the channel may look like: puts come in ascending order, so what is given back
    /// must stand where its number says.
    @Test(.ownThread) func randomStepsAgainstAList() throws {
        var random = SeededGenerator.announced("memory channel")
        for _ in 0..<20 {
            let rig = ChannelRig(capacity: 200)
            var list: [Int] = []
            var next = 0
            var out = UniqueDeque<Out>()
            for _ in 0..<500 {
                switch Int.random(in: 0..<6, using: &random) {
                case 0, 1:
                    let count = Int.random(in: 1...20, using: &random)
                    if rig.put(next..<(next + count)) {
                        list += Array(next..<(next + count))
                        next += count
                    }
                case 2, 3:
                    let limit = Int.random(in: 1...30, using: &random)
                    let minimum = Bool.random(using: &random) ? 1 : limit
                    guard let delivery = rig.take(limit, atLeast: minimum) else {
                        try #require(list.count < minimum)
                        continue
                    }
                    try #require(delivery.batch.numbers == Array(list.prefix(limit)))
                    out.append(Out(numbers: Array(list.prefix(limit)), delivery: delivery))
                    list.removeFirst(min(limit, list.count))
                default:
                    guard !out.isEmpty else { continue }
                    let one = out.remove(at: Int.random(in: 0..<out.count, using: &random))
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0:
                        one.delivery.finish(.delivered)
                    case 1:
                        list = (list + one.numbers).sorted()
                        one.delivery.finish(.notDelivered)
                    case 2:
                        let failed = one.numbers.indices.filter { _ in Bool.random(using: &random) }
                        list = (list + failed.map { one.numbers[$0] }).sorted()
                        one.delivery.finish(.except(failed))
                    default:
                        list = (list + one.numbers).sorted()
                        _ = consume one
                    }
                }
                var held = 0
                for index in out.indices { held += out[index].numbers.count }
                try #require(rig.channel.size == list.count + held)
            }
            while let one = out.popLast() {
                list = (list + one.numbers).sorted()
                one.delivery.finish(.notDelivered)
            }
            try #require(rig.drain(by: 7) == list)
            try #require(rig.channel.size == 0)
        }
    }

    /// Two threads put, two take and finish in every way: each event is delivered once, and all room comes back.
    @Test func fourThreads() async {
        let rig = ChannelRig(capacity: 500)
        let each = 20_000
        let tally = FateTally(2 * each)
        await withTaskGroup { tasks in
            for putter in 0..<2 {
                tasks.addTask {
                    var next = 0
                    while next < each {
                        let numbers = (next..<min(next + 1 + next % 37, each)).map { $0 * 2 + putter }
                        if rig.put(numbers) { next += numbers.count } else { await Task.yield() }
                    }
                }
            }
            for taker in 0..<2 {
                tasks.addTask {
                    var turn = taker
                    while tally.delivered.load(ordering: .relaxed) < 2 * each {
                        turn += 1
                        guard let delivery = rig.take(1 + turn % 50) else {
                            await Task.yield()
                            continue
                        }
                        tally.finish(delivery, turn: turn)
                    }
                }
            }
        }
        #expect(tally.seen.withLock { $0.allSatisfy { $0 == 1 } })
        #expect(rig.channel.size == 0)
        #expect(rig.count("EventTakeSuccessCount") == 2 * each)
    }
}
