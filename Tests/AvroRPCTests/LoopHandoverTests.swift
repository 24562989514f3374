import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import AvroRPC

@Suite("Handing over to loops")
final class LoopHandoverTests {
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)

    deinit {
        loops.shutdownGracefully { _ in }
    }

    /// What was done, in order, on each loop, and whether the body had returned by then.
    private final class Log: Sendable {
        let done = Mutex<[[Int]]>([[], []])
        let early = Mutex(0)
        let hasReturned = Atomic(false)

        func note(_ number: Int, on loop: Int) {
            done.withLock { $0[loop].append(number) }
            if !hasReturned.load(ordering: .acquiring) { early.withLock { $0 += 1 } }
        }
    }

    @Test("What is gathered comes to each loop in order, when all is gathered")
    func gathered() async throws {
        let (one, other, log) = (loops.next(), loops.next(), Log())
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        try await pool.runIfActive {
            LoopHandover.gather {
                for number in 0..<1_000 {
                    // As within another call: nothing comes earlier for it.
                    LoopHandover.gather { LoopHandover.run(on: one) { log.note(number, on: 0) } }
                    if number % 2 == 0 { LoopHandover.run(on: other) { log.note(number, on: 1) } }
                }
                log.hasReturned.store(true, ordering: .releasing)
            }
        }
        // Behind what was gathered.
        for loop in [one, other] { try await loop.submit {}.get() }
        #expect(log.done.withLock { $0 } == [Array(0..<1_000), Array(stride(from: 0, to: 1_000, by: 2))])
        #expect(log.early.withLock { $0 } == 0)
        // Nothing is gathered any more: it runs though nobody sends.
        let ran = one.makePromise(of: Void.self)
        try await pool.runIfActive { LoopHandover.run(on: one) { ran.succeed() } }
        try await ran.futureResult.get()
        try await pool.shutdownGracefully()
    }

    @Test("On the loop itself it runs at once, gathering or not")
    func atOnce() async throws {
        let loop = loops.next()
        let ran = try await loop.submit {
            let (count, gathering) = (Count(), Count())
            LoopHandover.run(on: loop) { count.add() }
            let alone = count.value
            LoopHandover.gather {
                LoopHandover.run(on: loop) { count.add() }
                gathering.add(count.value)
            }
            return [alone, gathering.value]
        }.get()
        #expect(ran == [1, 2])
    }

    /// What happens on one loop, by name.
    private final class Order: Sendable {
        private let names = Mutex<[String]>([])

        func add(_ name: String) { names.withLock { $0.append(name) } }
        var all: [String] { names.withLock { $0 } }
    }

    @Test("After a turn each thing is done once, when all at hand is done")
    func afterTurn() async throws {
        let (loop, order, one, other) = (loops.next(), Order(), Count(), Count())
        try await loop.submit {
            // A turn of its own that is at hand already.
            loop.execute {
                order.add("second")
                LoopHandover.afterTurn(one) { _ in order.add("one, too late") }
            }
            order.add("first")
            LoopHandover.afterTurn(one) { _ in order.add("one") }
            LoopHandover.afterTurn(other) { _ in
                order.add("other")
                LoopHandover.afterTurn(one) { _ in order.add("next turn") }
            }
            LoopHandover.afterTurn(one) { _ in order.add("one, again") }
            order.add("end")
        }.get()
        // Behind what is left for after the turn, and behind what that leaves.
        for _ in 0..<2 { try await loop.submit {}.get() }
        #expect(order.all == ["first", "end", "second", "one", "other", "next turn"])
    }

    @Test("A thread without a loop does at once what is for after the turn")
    func withoutLoop() async throws {
        let count = Count()
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        let seen = try await pool.runIfActive {
            LoopHandover.afterTurn(count) { _ in count.add() }
            let once = count.value
            LoopHandover.afterTurn(count) { _ in count.add() }
            return [once, count.value]
        }
        #expect(seen == [1, 2])
        try await pool.shutdownGracefully()
    }

    @Test("What was gathered first counts as a turn; the rest comes after it")
    func gatheredTurn() async throws {
        let (loop, order, key) = (loops.next(), Order(), Count())
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        for round in ["1", "2"] {
            try await pool.runIfActive {
                LoopHandover.gather {
                    for name in ["a", "b"] {
                        LoopHandover.run(on: loop) {
                            order.add(name + round)
                            LoopHandover.afterTurn(key) { _ in order.add("after" + round) }
                        }
                    }
                } then: {
                    LoopHandover.run(on: loop) {
                        order.add("rest" + round)
                        LoopHandover.afterTurn(key) { _ in order.add("after rest" + round) }
                    }
                    LoopHandover.gather { LoopHandover.run(on: loop) { order.add("end" + round) } }
                }
            }
            try await loop.submit {}.get()
            try await loop.submit {}.get()
        }
        let expected = ["a", "b", "after", "rest", "end", "after rest"]
        #expect(order.all == expected.map { $0 + "1" } + expected.map { $0 + "2" })
        try await pool.shutdownGracefully()
    }

    private final class Count: Sendable {
        private let number = Mutex(0)

        func add(_ more: Int = 1) { number.withLock { $0 += more } }
        var value: Int { number.withLock { $0 } }
    }
}
