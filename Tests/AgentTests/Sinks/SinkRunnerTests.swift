import AvroRPC
import Events
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Agent

/// The runner with real event loops, a real memory channel and sinks that behave in every way they may.
@Suite struct SinkRunnerTests {
    private static let group = MultiThreadedEventLoopGroup.singleton
    private let rig = ChannelRig(capacity: 1_000_000, byteCapacity: .max)
    private static let quick = Backoff(base: .microseconds(500), maximum: .milliseconds(2))

    private func runner(
        _ sinks: [any Sink],
        _ choice: any PeerChoice = RoundRobinChoice(),
        backoff: Backoff = Self.quick
    ) -> SinkRunner {
        SinkRunner(
            channel: rig.channel,
            members: sinks.enumerated().map { index, sink in
                SinkRunner.Member(name: "k\(index)", sink: sink, counters: SinkCounters(name: "k\(index)"))
            },
            processor: SinkProcessor(choice: choice, backoff: backoff),
            eventLoop: Self.group.next(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private static let failure = SinkFailure("no")

    @Test func aSinkThatAnswersWithinSubmit() async throws {
        let sink = FakeSink(.atOnce)
        let runner = runner([sink])
        try await runner.start()
        for start in stride(from: 0, to: 1000, by: 7) { rig.put(start..<min(start + 7, 1000)) }
        let isDone = await eventually { rig.channel.size == 0 }
        #expect(isDone)
        #expect(sink.numbers == Array(0..<1000))
        await runner.stop(deadline: .now())
    }

    /// Its trial too is over before `submit` returns.
    @Test(arguments: [1, 2])
    func aSinkThatFailsWithinSubmitAndRecovers(sinks: Int) async throws {
        let failures = Countdown(7)
        let made = (0..<sinks).map { _ in
            FakeSink(.atOnce) { _, _ in failures.takeOne() ? .notDelivered(Self.failure) : .delivered }
        }
        let runner = runner(made)
        try await runner.start()
        rig.put(0..<500)
        let isDone = await eventually { rig.channel.size == 0 }
        #expect(isDone)
        #expect(made.flatMap(\.numbers).sorted() == Array(0..<500))
        if sinks == 1 { #expect(made[0].numbers == Array(0..<500)) }
        await runner.stop(deadline: .now())
    }

    private final class Countdown: Sendable {
        private let left: Mutex<Int>

        init(_ count: Int) { left = Mutex(count) }

        func takeOne() -> Bool {
            left.withLock { left in
                left -= 1
                return left >= 0
            }
        }
    }

    /// Says busy, and within the same call that it is ready.
    private final class Hasty: Sink {
        let batchSize = 10
        private let state = Mutex<(reports: SinkReports, count: Int)>((SinkReports { _ in }, 0))
        let numbers = Recorded<[Int]>()

        func start(_ reports: SinkReports) async throws(ComponentError) { state.withLock { $0.reports = reports } }
        func submit(_ batch: EventBatch, number: DeliveryNumber, deadline: NIODeadline?) -> Submission {
            let (reports, count) = state.withLock { state in
                state.count += 1
                return (state.reports, state.count)
            }
            if count % 2 == 1 {
                reports.ready()
                return .busy
            }
            numbers.add(batch.numbers)
            reports.finished(number, .delivered)
            return .accepted
        }
        func stop(deadline: NIODeadline) async {}
    }

    @Test func aSinkThatIsReadyBeforeItSaidBusy() async throws {
        let sink = Hasty()
        let runner = runner([sink])
        try await runner.start()
        rig.put(0..<200)
        let isDone = await eventually { rig.channel.size == 0 }
        #expect(isDone)
        #expect(sink.numbers.all.flatMap { $0 } == Array(0..<200))
        await runner.stop(deadline: .now())
    }

    @Test func aBrokenSinksWindowGoesToTheOtherInOrder() async throws {
        let (first, second) = (FakeSink(.held), FakeSink(.held))
        // The first sink is left alone for longer than the test takes: no trial of it takes one of the eight.
        let away = Backoff(base: .seconds(60), maximum: .seconds(60))
        let runner = runner([first, second], FailoverChoice(priorities: [2, 1]), backoff: away)
        try await runner.start()
        rig.put(0..<200)
        #expect(await eventually { first.heldCount == 8 })
        // As a connection that breaks: all of its calls in one go, on the loop.
        try await runner.eventLoop.submit { first.answerAll(.notDelivered(Self.failure)) }.get()
        #expect(await eventually { second.heldCount == 8 })
        #expect(second.accepted.all.prefix(8).flatMap { $0 } == Array(0..<80))
        await runner.stop(deadline: .now())
        #expect(rig.drain() == Array(0..<200))
    }

    @Test func stopGivesBackWhatSinksHold() async throws {
        let (first, second) = (FakeSink(.held, window: 3), FakeSink(.held, window: 2))
        let runner = runner([first, second])
        try await runner.start()
        rig.put(0..<100)
        #expect(await eventually { first.heldCount == 3 && second.heldCount == 2 })
        await runner.stop(deadline: .now())
        #expect(rig.drain() == Array(0..<100))
        #expect(rig.channel.size == 0)
    }

    /// A sink that takes its time to start, and one that has something to say before all are there.
    private final class Slow: Sink {
        let batchSize = 10
        let isEager: Bool
        private let isStarted = Atomic<Bool>(false)
        let early = Recorded<Bool>()

        init(isEager: Bool) { self.isEager = isEager }

        func start(_ reports: SinkReports) async throws(ComponentError) {
            if isEager {
                reports.ready()
            } else {
                try? await Task.sleep(for: .milliseconds(50))
            }
            isStarted.store(true, ordering: .releasing)
        }
        func submit(_ batch: EventBatch, number: DeliveryNumber, deadline: NIODeadline?) -> Submission {
            if !isStarted.load(ordering: .acquiring) { early.add(true) }
            return .busy
        }
        func stop(deadline: NIODeadline) async {}
    }

    @Test func noSinkIsGivenAnythingBeforeAllHaveStarted() async throws {
        let (first, second) = (Slow(isEager: true), Slow(isEager: false))
        let runner = runner([first, second])
        rig.put(0..<100)
        try await runner.start()
        await runner.stop(deadline: .now())
        #expect(first.early.count + second.early.count == 0)
        #expect(rig.drain() == Array(0..<100))
    }

    @Test func eachEventOnceWithAllKindsOfSinksAndFailures() async throws {
        var random = SeededGenerator.announced("sink runner with threads")
        let outcome: @Sendable (EventBatch, inout SeededGenerator) -> SinkOutcome = { batch, random in
            switch Int.random(in: 0..<40, using: &random) {
            case 0: .notDelivered(Self.failure)
            case 1: .except(Array(stride(from: 0, to: batch.count, by: 3)), Self.failure)
            default: .delivered
            }
        }
        let sinks = [
            FakeSink(.atOnce, batchSize: 100, seed: random.next(), decide: outcome),
            FakeSink(.later(Self.group, .microseconds(300)), batchSize: 70, seed: random.next(), decide: outcome),
            FakeSink(
                .later(Self.group, .milliseconds(2)),
                batchSize: 90,
                window: 2,
                seed: random.next(),
                decide: outcome
            ),
            FakeSink(.later(Self.group, .zero), batchSize: 10, window: 1, seed: random.next(), decide: outcome),
        ]
        let runner = runner(sinks)
        try await runner.start()
        let count = 100_000
        var next = 0
        while next < count {
            let size = Int.random(in: 1...300, using: &random)
            rig.put(next..<min(next + size, count))
            next += size
        }
        let isDone = await eventually(within: .seconds(60)) { rig.channel.size == 0 }
        #expect(isDone)
        let numbers = sinks.flatMap(\.numbers)
        #expect(numbers.count == count)
        #expect(numbers.sorted() == Array(0..<count))
        #expect(sinks.allSatisfy { !$0.numbers.isEmpty })
        await runner.stop(deadline: .now())
    }
}
