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

    private final class Count: Sendable {
        private let number = Mutex(0)

        func add(_ more: Int = 1) { number.withLock { $0 += more } }
        var value: Int { number.withLock { $0 } }
    }
}
