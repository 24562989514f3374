import Agent
import AvroRPC
import NIOCore
import TestSupport
import Testing

@testable import Collector

/// Groups as their processors make them, over the runner's machine, on a clock that is only a number.
@Suite struct GroupTests {
    /// Sinks that deliver at once while they are well.
    struct Group {
        var machine: SinkRunnerMachine
        var now = NIODeadline.uptimeNanoseconds(0)
        var isWell: [Bool]
        /// What was given to which sink.
        var given: [Int] = []
        /// When a sink that is not well was tried, in seconds.
        var failedAt: [(sink: Int, seconds: Int64)] = []
        let canProbe: Bool

        init(_ processor: SinkProcessor, sinks: Int, canProbe: Bool = false) {
            machine = SinkRunnerMachine(
                sinks: (0..<sinks).map { _ in (batchSize: 100, canProbe: canProbe) },
                choice: processor.choice,
                backoff: processor.backoff
            )
            isWell = Array(repeating: true, count: sinks)
            self.canProbe = canProbe
        }

        /// Lets one delivery go its way; `nil` where no sink can have it, else who delivered it.
        mutating func deliver() -> Int? {
            machine.channelHasMore()
            while true {
                switch machine.next(now: now) {
                case .take:
                    _ = machine.took()
                case .submit(let number, let sink):
                    given.append(sink)
                    machine.offered(number, to: sink, .accepted)
                    if isWell[sink] {
                        _ = machine.delivered(number, by: sink)
                        return sink
                    }
                    failedAt.append((sink, Int64(now.uptimeNanoseconds / 1_000_000_000)))
                    if machine.failed(number, by: sink, now: now).settlement == .finish { return nil }
                case .probe(let sink):
                    machine.probed(sink, isWell: isWell[sink], now: now)
                    if !isWell[sink] { failedAt.append((sink, Int64(now.uptimeNanoseconds / 1_000_000_000))) }
                case .giveBack, .idle:
                    return nil
                }
            }
        }

        mutating func wait(_ time: TimeAmount) { now = now + time }
    }

    private func failover(_ priorities: [Int], _ values: [String: String] = [:], canProbe: Bool = false) throws -> Group
    {
        let sinks = priorities.indices.map { "k\($0)" }
        var values = values
        for (sink, priority) in zip(sinks, priorities) { values["priority.\(sink)"] = String(priority) }
        let settings = ComponentSettings(kind: .sinkProcessor, name: "g", values)
        let processor = try FailoverProcessor.make(SinkProcessorContext(settings: settings, sinks: sinks))
        return Group(processor, sinks: sinks.count, canProbe: canProbe)
    }

    private func balance(_ sinks: Int, _ values: [String: String]) throws -> Group {
        let settings = ComponentSettings(kind: .sinkProcessor, name: "g", values)
        let names = (0..<sinks).map { "k\($0)" }
        let processor = try LoadBalancingProcessor.make(SinkProcessorContext(settings: settings, sinks: names))
        return Group(processor, sinks: sinks)
    }

    @Test func theHighestPriorityThatLives() throws {
        var group = try failover([1, 9, 5])
        #expect((0..<3).map { _ in group.deliver() } == [1, 1, 1])
        group.isWell = [true, false, true]
        #expect((0..<3).map { _ in group.deliver() } == [2, 2, 2])
        group.isWell = [true, false, false]
        #expect((0..<3).map { _ in group.deliver() } == [0, 0, 0])
        // Each dead one was tried once, with the delivery that then went to the next.
        #expect(group.given == [1, 1, 1, 1, 2, 2, 2, 2, 0, 0, 0])
    }

    @Test(arguments: [false, true])
    func theHigherOneComesBackByOneTrial(canProbe: Bool) throws {
        var group = try failover([9, 5], canProbe: canProbe)
        group.isWell = [false, true]
        #expect(group.deliver() == 1)
        group.wait(.milliseconds(1999))
        group.isWell = [true, true]
        #expect(group.deliver() == 1)
        group.wait(.milliseconds(1))
        #expect((0..<3).map { _ in group.deliver() } == [0, 0, 0])
    }

    /// While the trial is under way the standby goes on.
    @Test func aTrialHoldsNobodyUp() throws {
        var group = try failover([9, 5])
        group.isWell = [false, true]
        #expect(group.deliver() == 1)
        group.wait(.seconds(2))
        #expect(group.machine.next(now: group.now) == .take(sink: 0, limit: 100, minimum: 1))
        let trial = group.machine.took()
        #expect(group.machine.next(now: group.now) == .submit(trial, sink: 0))
        group.machine.offered(trial, to: 0, .accepted)
        group.given = []
        #expect((0..<3).map { _ in group.deliver() } == [1, 1, 1])
        #expect(group.given == [1, 1, 1])
        // It fails: that delivery goes to the standby at once, and the pause is twice as long.
        let outcome = group.machine.failed(trial, by: 0, now: group.now)
        #expect(outcome.settlement == .keep)
        #expect(group.deliver() == 1)
        #expect(group.machine.nextTry(of: 0) == group.now + .seconds(4))
    }

    @Test(arguments: [false, true])
    func penaltiesThroughAHundredFailures(canProbe: Bool) throws {
        var group = try failover([9, 5], ["maxpenalty": "30000"], canProbe: canProbe)
        group.isWell = [false, true]
        for _ in 0..<(130 * 30) {
            #expect(group.deliver() == 1)
            group.wait(.seconds(1))
        }
        let times = group.failedAt.map(\.seconds)
        let pauses = zip(times.dropFirst(), times).map { $0 - $1 }
        #expect(pauses.count > 100)
        #expect(Array(pauses.prefix(4)) == [2, 4, 8, 16])
        #expect(pauses.dropFirst(4).allSatisfy { $0 == 30 })
        group.isWell = [true, true]
        group.wait(.seconds(30))
        #expect(group.deliver() == 0)
    }

    @Test func allDeadAndBack() throws {
        var group = try failover([9, 5])
        group.isWell = [false, false]
        #expect(group.deliver() == nil)
        #expect(group.deliver() == nil)
        #expect(group.given == [0, 1])
        group.isWell = [false, true]
        group.wait(.seconds(2))
        // Both get a trial. While none is alive, what fails goes back to the channel and is taken from there again.
        #expect(group.deliver() == nil)
        #expect(group.deliver() == 1)
        #expect(group.deliver() == 1)
    }

    @Test(arguments: [2, 3, 4])
    func roundRobinGivesEachItsTurn(sinks: Int) throws {
        var group = try balance(sinks, ["selector": "round_robin"])
        #expect((0..<(3 * sinks)).map { _ in group.deliver() } == (0..<(3 * sinks)).map { $0 % sinks })
    }

    @Test func randomGivesEachAShare() throws {
        var group = try balance(3, ["selector": "random"])
        var shares = [0, 0, 0]
        for _ in 0..<3000 { shares[group.deliver() ?? 0] += 1 }
        #expect(shares.allSatisfy { (800...1200).contains($0) })
    }

    @Test(arguments: [(false, [Int64](repeating: 1, count: 20)), (true, [2, 4, 8, 16, 30, 30])])
    func aFailedOneIsLeftOut(backoff: Bool, pauses: [Int64]) throws {
        var group = try balance(3, ["backoff": "\(backoff)"])
        group.isWell = [true, false, true]
        for _ in 0..<400 {
            // Four deliveries a second: nobody waits for the one that is away.
            for _ in 0..<4 { #expect(group.deliver() != nil) }
            group.wait(.seconds(1))
        }
        #expect(group.failedAt.allSatisfy { $0.sink == 1 })
        let times = group.failedAt.map(\.seconds)
        #expect(Array(zip(times.dropFirst(), times).map { $0 - $1 }.prefix(pauses.count)) == pauses)
        let shares = Dictionary(grouping: group.given, by: { $0 }).mapValues(\.count)
        #expect(abs((shares[0] ?? 0) - (shares[2] ?? 0)) <= group.failedAt.count + 1)
    }
}
