import AvroRPC
import NIOCore
import Testing

@testable import Agent

/// Tables of what is told to the machine and what it wants done, on a clock that is only a number.
@Suite struct RunnerMachineTests {
    typealias Action = SinkRunnerMachine.Action

    /// The machine with a clock and a way to run it dry.
    struct Bench {
        var machine: SinkRunnerMachine
        var now = NIODeadline.uptimeNanoseconds(0)

        init(
            _ sinks: [(batchSize: Int, canProbe: Bool)],
            _ choice: any PeerChoice = RoundRobinChoice(),
            _ backoff: Backoff = SinkProcessor.single.backoff
        ) {
            machine = SinkRunnerMachine(sinks: sinks, choice: choice, backoff: backoff)
        }

        mutating func next() -> Action { machine.next(now: now) }

        mutating func wait(_ time: TimeAmount) { now = now + time }

        /// Takes one delivery and has it accepted; the sink that got it.
        mutating func feed(
            _ sink: Int,
            minimum: Int = 1,
            _ location: Testing.SourceLocation = #_sourceLocation
        ) -> DeliveryNumber {
            let limit = 10
            #expect(next() == .take(sink: sink, limit: limit, minimum: minimum), sourceLocation: location)
            let number = machine.took()
            #expect(next() == .submit(number, sink: sink), sourceLocation: location)
            machine.offered(number, to: sink, .accepted)
            return number
        }

        mutating func fail(_ number: DeliveryNumber, by sink: Int) -> SinkRunnerMachine.Settlement {
            machine.failed(number, by: sink, now: now).settlement
        }

        func at(_ time: TimeAmount) -> NIODeadline { .uptimeNanoseconds(0) + time }
    }

    private func one(canProbe: Bool = false) -> Bench { Bench([(10, canProbe)]) }
    private func pair(_ choice: any PeerChoice = FailoverChoice(priorities: [2, 1]), canProbe: Bool = false) -> Bench {
        Bench([(10, canProbe), (10, canProbe)], choice, Backoff(base: .seconds(1), maximum: .seconds(30)))
    }

    // MARK: Batches

    @Test func aPartialBatchGoesAtOnceWithNothingInFlightAndElseWaits() {
        var bench = one()
        let first = bench.feed(0)
        #expect(bench.next() == .take(sink: 0, limit: 10, minimum: 10))
        bench.machine.foundTooFew()
        #expect(bench.next() == .idle(until: nil))
        // The answer, not the waker, lets the partial batch go.
        #expect(bench.machine.delivered(first, by: 0) == false)
        #expect(bench.feed(0) == 1)
    }

    @Test func aFullBatchGoesWhileOthersAreInFlight() {
        var bench = one()
        for number in 0..<8 {
            #expect(bench.feed(0, minimum: number == 0 ? 1 : 10) == DeliveryNumber(number))
        }
        #expect(bench.machine.held == 8)
    }

    @Test func aDryChannelIsNotAskedUntilItsWakerFires() {
        var bench = one()
        #expect(bench.next() == .take(sink: 0, limit: 10, minimum: 1))
        bench.machine.foundTooFew()
        for _ in 0..<3 { #expect(bench.next() == .idle(until: nil)) }
        bench.machine.channelHasMore()
        _ = bench.feed(0)
    }

    @Test func aBusySinkIsOfferedTheSameBatchWhenItIsReady() {
        var bench = one()
        #expect(bench.next() == .take(sink: 0, limit: 10, minimum: 1))
        let number = bench.machine.took()
        #expect(bench.next() == .submit(number, sink: 0))
        bench.machine.offered(number, to: 0, .busy)
        #expect(bench.next() == .idle(until: nil))
        bench.machine.ready(0)
        #expect(bench.next() == .submit(number, sink: 0))
        bench.machine.offered(number, to: 0, .accepted)
        #expect(bench.next() == .take(sink: 0, limit: 10, minimum: 10))
    }

    // MARK: One sink

    @Test func backOffOfOneSink() {
        var bench = one()
        var number = bench.feed(0)
        for seconds in [0.5, 1, 2, 4, 5, 5, 5] {
            #expect(bench.fail(number, by: 0) == .finish)
            let pause = TimeAmount.nanoseconds(Int64(seconds * 1e9))
            #expect(bench.next() == .idle(until: bench.now + pause))
            bench.wait(pause - .nanoseconds(1))
            #expect(bench.next() == .idle(until: bench.now + .nanoseconds(1)))
            bench.wait(.nanoseconds(1))
            number = bench.feed(0)
            // A trial is one delivery.
            #expect(bench.next() == .idle(until: nil))
        }
        #expect(bench.machine.delivered(number, by: 0) == true)
        number = bench.feed(0)
        #expect(bench.fail(number, by: 0) == .finish)
        #expect(bench.next() == .idle(until: bench.now + .milliseconds(500)))
    }

    @Test func aSinkThatCanBeProbedIsProbedBeforeItsTrial() {
        var bench = one(canProbe: true)
        let number = bench.feed(0)
        #expect(bench.fail(number, by: 0) == .finish)
        bench.wait(.milliseconds(500))
        #expect(bench.next() == .probe(sink: 0))
        #expect(bench.next() == .idle(until: nil))
        bench.machine.probed(0, isWell: false, now: bench.now)
        #expect(bench.next() == .idle(until: bench.now + .seconds(1)))
        bench.wait(.seconds(1))
        #expect(bench.next() == .probe(sink: 0))
        bench.machine.probed(0, isWell: true, now: bench.now)
        let trial = bench.feed(0)
        #expect(bench.next() == .idle(until: nil))
        #expect(bench.machine.delivered(trial, by: 0) == true)
        #expect(bench.feed(0) == 2)
    }

    @Test func aSinkThatIsAwayGetsNothing() {
        var bench = one()
        #expect(bench.machine.unavailable(0, now: bench.now) == true)
        #expect(bench.machine.unavailable(0, now: bench.now) == false)
        #expect(bench.next() == .idle(until: bench.now + .milliseconds(500)))
        #expect(bench.machine.nextTry(of: 0) == bench.now + .milliseconds(500))
    }

    @Test func aBatchThatNoSinkCanTakeGoesBack() {
        var bench = one()
        #expect(bench.next() == .take(sink: 0, limit: 10, minimum: 1))
        let number = bench.machine.took()
        _ = bench.next()
        bench.machine.offered(number, to: 0, .busy)
        _ = bench.machine.unavailable(0, now: bench.now)
        #expect(bench.next() == .giveBack(number))
        #expect(bench.machine.held == 0)
    }

    // MARK: Groups

    @Test func aDeadSinksWindowGoesToTheNextInOrderBeforeAnythingNew() {
        var bench = pair()
        for number in 0..<8 { _ = bench.feed(0, minimum: number == 0 ? 1 : 10) }
        // Whatever the order in which it fails.
        for number in [3, 0, 7, 1, 2, 6, 5, 4] as [DeliveryNumber] {
            #expect(bench.fail(number, by: 0) == .keep)
        }
        for number in 0..<4 as Range<DeliveryNumber> {
            #expect(bench.next() == .submit(number, sink: 1))
            bench.machine.offered(number, to: 1, .accepted)
        }
        // Its window is full: the rest waits, and nothing new is taken.
        #expect(bench.next() == .submit(4, sink: 1))
        bench.machine.offered(4, to: 1, .busy)
        #expect(bench.next() == .idle(until: bench.at(.seconds(2))))
        _ = bench.machine.delivered(0, by: 1)
        bench.machine.ready(1)
        for number in 4..<8 as Range<DeliveryNumber> {
            #expect(bench.next() == .submit(number, sink: 1))
            bench.machine.offered(number, to: 1, .accepted)
        }
        #expect(bench.next() == .take(sink: 1, limit: 10, minimum: 10))
    }

    @Test func allDeadGivesBackNewestFirst() {
        var bench = pair()
        for number in 0..<3 { _ = bench.feed(0, minimum: number == 0 ? 1 : 10) }
        for number in 0..<3 as Range<DeliveryNumber> { #expect(bench.fail(number, by: 0) == .keep) }
        #expect(bench.next() == .submit(0, sink: 1))
        bench.machine.offered(0, to: 1, .accepted)
        #expect(bench.fail(0, by: 1) == .finish)
        #expect(bench.next() == .giveBack(2))
        #expect(bench.next() == .giveBack(1))
        #expect(bench.next() == .idle(until: bench.at(.seconds(2))))
        #expect(bench.machine.held == 0)
        #expect(!bench.machine.hasLiveSink)
    }

    @Test func aPartThatFailedIsForgotten() {
        var bench = pair()
        let number = bench.feed(0)
        #expect(bench.fail(number, by: 0) == .keep)
        bench.machine.forget(number)
        #expect(bench.next() == .take(sink: 1, limit: 10, minimum: 1))
        #expect(bench.machine.held == 0)
    }

    @Test func turnsAreByDelivery() {
        var bench = Bench([(10, false), (10, false)])
        var got = [0, 0]
        for turn in 0..<10 {
            guard case .take(let sink, _, _) = bench.next() else {
                Issue.record("nothing is taken")
                return
            }
            // Every other time the channel has nothing: that is nobody's turn.
            if turn % 2 == 1 {
                bench.machine.foundTooFew()
                bench.machine.channelHasMore()
                #expect(bench.next() == .take(sink: sink, limit: 10, minimum: 1))
            }
            let number = bench.machine.took()
            #expect(bench.next() == .submit(number, sink: sink))
            bench.machine.offered(number, to: sink, .accepted)
            got[sink] += 1
            _ = bench.machine.delivered(number, by: sink)
        }
        #expect(got == [5, 5])
    }

    @Test func aSinkThatTurnsBusyIsPassedOver() {
        var bench = Bench([(10, false), (10, false)])
        #expect(bench.next() == .take(sink: 0, limit: 10, minimum: 1))
        let number = bench.machine.took()
        #expect(bench.next() == .submit(number, sink: 0))
        bench.machine.offered(number, to: 0, .busy)
        #expect(bench.next() == .submit(number, sink: 1))
        bench.machine.offered(number, to: 1, .accepted)
        #expect(bench.next() == .take(sink: 1, limit: 10, minimum: 10))
    }

    // MARK: Stop

    @Test func stopGivesBackAndAsksNobody() {
        var bench = pair(canProbe: true)
        let first = bench.feed(0)
        let second = bench.feed(0, minimum: 10)
        #expect(bench.fail(first, by: 0) == .keep)
        bench.wait(.seconds(60))
        bench.machine.stop()
        #expect(bench.next() == .giveBack(first))
        #expect(bench.next() == .idle(until: nil))
        #expect(bench.fail(second, by: 0) == .finish)
        #expect(bench.next() == .idle(until: nil))
        #expect(bench.machine.held == 0)
    }
}
