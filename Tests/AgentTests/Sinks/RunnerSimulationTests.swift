import AvroRPC
import NIOCore
import TestSupport
import Testing

@testable import Agent

/// Random sinks and a random channel round the machine, against what must hold at every step.
@Suite struct RunnerSimulationTests {
    /// The world: a channel that is a sorted list, and sinks that hold numbers.
    struct World {
        var machine: SinkRunnerMachine
        var random: SeededGenerator
        let window: Int
        let canProbe: [Bool]
        var now = NIODeadline.uptimeNanoseconds(0)
        /// Events in the channel, one a delivery.
        var queue: [Int]
        /// The event that a delivery has.
        var events: [DeliveryNumber: Int] = [:]
        var atSink: [Set<DeliveryNumber>]
        var withRunner: Set<DeliveryNumber> = []
        var wasBusy: [Bool]
        var probing: Set<Int> = []
        var isWell: [Bool]
        var delivered: [Int] = []
        var lastGiven: [Int]
        var hasFailed = false
        var idleUntil: NIODeadline?
        var isWoken = false
        var isWaiting = false

        init(sinks: Int, choice: any PeerChoice, random: SeededGenerator, events: Int) {
            self.random = random
            window = Int.random(in: 1...8, using: &self.random)
            var canProbe: [Bool] = []
            for _ in 0..<sinks { canProbe.append(Bool.random(using: &self.random)) }
            self.canProbe = canProbe
            machine = SinkRunnerMachine(
                sinks: canProbe.map { (batchSize: 10, canProbe: $0) },
                choice: choice,
                backoff: Backoff(base: .milliseconds(250), maximum: .seconds(5))
            )
            queue = Array(0..<events)
            atSink = Array(repeating: [], count: sinks)
            wasBusy = Array(repeating: false, count: sinks)
            isWell = Array(repeating: true, count: sinks)
            lastGiven = Array(repeating: -1, count: sinks)
        }

        /// Does what the machine wants until it is idle. A delivery is one event; the channel is dry now and then.
        mutating func pump() throws {
            for _ in 0..<10_000 {
                switch machine.next(now: now) {
                case .take(let sink, _, let minimum):
                    try #require(withRunner.isEmpty, "takes while deliveries wait")
                    try #require(atSink[sink].count <= window)
                    guard !queue.isEmpty, minimum == 1 || Int.random(in: 0..<3, using: &random) > 0 else {
                        machine.foundTooFew()
                        isWaiting = true
                        continue
                    }
                    let event = queue.removeFirst()
                    let number = machine.took()
                    try #require(events[number] == nil)
                    events[number] = event
                    withRunner.insert(number)
                case .submit(let number, let sink):
                    try #require(withRunner.contains(number), "\(number) is not with the runner")
                    try #require(number == withRunner.min(), "not the oldest first")
                    if atSink[sink].count >= window {
                        wasBusy[sink] = true
                        machine.offered(number, to: sink, .busy)
                    } else {
                        if !hasFailed { try #require((events[number] ?? -1) > lastGiven[sink]) }
                        lastGiven[sink] = events[number] ?? -1
                        withRunner.remove(number)
                        atSink[sink].insert(number)
                        machine.offered(number, to: sink, .accepted)
                    }
                case .giveBack(let number):
                    try #require(!machine.hasLiveSink)
                    try #require(number == withRunner.max(), "not the newest first")
                    giveBack(number)
                case .probe(let sink):
                    try #require(canProbe[sink])
                    let isNew = probing.insert(sink).inserted
                    try #require(isNew)
                case .idle(let until):
                    idleUntil = until
                    let held = withRunner.count + atSink.reduce(0) { $0 + $1.count }
                    try #require(machine.held == held)
                    return
                }
            }
            Issue.record("never idle")
        }

        mutating func giveBack(_ number: DeliveryNumber) {
            withRunner.remove(number)
            guard let event = events.removeValue(forKey: number) else { return }
            queue = (queue + [event]).sorted()
            if isWaiting {
                isWaiting = false
                machine.channelHasMore()
            }
        }

        /// One random thing that sinks or time do; `false` where nothing can happen any more.
        mutating func stir(healing: Bool) -> Bool {
            let holding = atSink.indices.filter { !atSink[$0].isEmpty }
            var choices: [Int] = holding.isEmpty ? [] : [0, 0, 0]
            if !probing.isEmpty { choices.append(1) }
            if idleUntil != nil { choices.append(2) }
            if !healing { choices += [3, 4] }
            if isWaiting, !queue.isEmpty { choices += [5] }
            guard let choice = choices.randomElement(using: &random) else { return false }
            switch choice {
            case 0:
                let sink = holding.randomElement(using: &random) ?? 0
                settle(sink)
            case 1:
                let sink = probing.sorted().randomElement(using: &random) ?? 0
                probing.remove(sink)
                machine.probed(sink, isWell: isWell[sink], now: now)
            case 2:
                now = max(now, idleUntil ?? now)
            case 3:
                let sink = isWell.indices.randomElement(using: &random) ?? 0
                isWell[sink].toggle()
            case 4:
                let sink = isWell.indices.randomElement(using: &random) ?? 0
                if !isWell[sink] {
                    hasFailed = true
                    wasBusy[sink] = false
                    _ = machine.unavailable(sink, now: now)
                }
            default:
                isWaiting = false
                machine.channelHasMore()
            }
            return true
        }

        mutating func settle(_ sink: Int) {
            guard let number = atSink[sink].randomElement(using: &random), let event = events[number] else { return }
            atSink[sink].remove(number)
            if isWell[sink] {
                _ = machine.delivered(number, by: sink)
                events[number] = nil
                delivered.append(event)
            } else {
                hasFailed = true
                switch machine.failed(number, by: sink, now: now).settlement {
                case .keep: withRunner.insert(number)
                case .finish: giveBack(number)
                }
            }
            if wasBusy[sink] {
                wasBusy[sink] = false
                machine.ready(sink)
            }
        }
    }

    @Test(.ownThread, arguments: 0..<12)
    func everyEventIsDeliveredOnce(run: Int) throws {
        var random = SeededGenerator.announced("sink runner \(run)")
        let sinks = 1 + run % 4
        let choice: any PeerChoice
        switch run % 3 {
        case 0: choice = FailoverChoice(priorities: Array(0..<sinks))
        case 1: choice = RoundRobinChoice()
        default: choice = RandomChoice(using: SeededGenerator(seed: random.next()))
        }
        let count = 4000
        var world = World(sinks: sinks, choice: choice, random: SeededGenerator(seed: random.next()), events: count)
        for _ in 0..<10_000 {
            try world.pump()
            _ = world.stir(healing: false)
        }
        // All recover: everything must go, and soon.
        world.isWell = Array(repeating: true, count: sinks)
        var steps = 0
        try world.pump()
        while world.stir(healing: true), steps < 100_000 {
            try world.pump()
            steps += 1
        }
        try #require(world.queue.isEmpty)
        try #require(world.withRunner.isEmpty)
        try #require(world.delivered.count == count)
        try #require(Set(world.delivered).count == count)
    }
}
