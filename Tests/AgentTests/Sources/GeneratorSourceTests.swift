import Events
import NIOCore
import Testing

@testable import Agent

@Suite("seq source and StressSource", .timeLimit(.minutes(1)))
struct GeneratorSourceTests {
    @Test("seq counts from 0 to totalEvents in order, whatever the batch", arguments: [1, 7, 100])
    func sequence(batchSize: Int) async throws {
        let harness = Harness()
        let source = try SequenceSource(harness.source(["batchSize": "\(batchSize)", "totalEvents": "1000"]))
        try await source.start()
        let bodies = await harness.bodies(1000)
        #expect(bodies.elementsEqual((0..<1000).lazy.map(String.init)))
        #expect(await harness.bodies(1, patience: .milliseconds(50)) == [])
        #expect(await Harness.eventually { harness.counters.eventAccepted.value == 1000 })
        #expect(harness.counters.eventReceived.value == 0)
        #expect(harness.counters.appendBatchAccepted.value == (batchSize == 1 ? 0 : (1000 + batchSize - 1) / batchSize))
        await source.quiesce()
    }

    @Test("A refused number is counted again: nothing is left out and nothing comes twice")
    func refusals() async throws {
        let harness = Harness(capacity: 10, keepAlive: .milliseconds(1))
        let source = try SequenceSource(harness.source(["batchSize": "3", "totalEvents": "90"]))
        try await source.start()
        #expect(await Harness.eventually { harness.counters.channelWriteFail.value >= 2 })
        #expect(harness.channel.size == 9)
        #expect(await harness.bodies(90).elementsEqual((0..<90).lazy.map(String.init)))
        #expect(await Harness.eventually { harness.counters.eventAccepted.value == 90 })
        await source.quiesce()
    }

    @Test("A full channel without keep-alive is not hammered")
    func noHammer() async throws {
        let harness = Harness(capacity: 1, keepAlive: .zero)
        let source = try SequenceSource(harness.source([:]))
        let start = ContinuousClock.now
        try await source.start()
        #expect(await Harness.eventually { harness.counters.channelWriteFail.value >= 5 })
        #expect(.now - start > .milliseconds(390))
        await source.quiesce()
        try await Task.sleep(for: .milliseconds(150))
        let count = harness.counters.channelWriteFail.value
        try await Task.sleep(for: .milliseconds(250))
        #expect(harness.counters.channelWriteFail.value == count)
    }

    @Test("A stop ends the count")
    func stop() async throws {
        let harness = Harness()
        let source = try SequenceSource(harness.source([:]))
        try await source.start()
        #expect(await Harness.eventually { harness.channel.size > 100 })
        await source.quiesce()
        let size = harness.channel.size
        try await Task.sleep(for: .milliseconds(50))
        #expect(harness.channel.size == size)
    }

    @Test("A batchSize of 0 is a fault", arguments: ["0", "-1"])
    func fault(size: String) {
        let harness = Harness()
        #expect(throws: ConfigurationFault.self) { try SequenceSource(harness.source(["batchSize": size])) }
    }

    @Test(
        "Stress ends at its limits",
        arguments: [
            (["maxTotalEvents": "25", "batchSize": "10"], 25),
            (["maxSuccessfulEvents": "25", "batchSize": "10"], 30),
            (["maxTotalEvents": "5", "maxSuccessfulEvents": "3"], 3),
            (["maxTotalEvents": "0"], 0),
        ]
    )
    func stressLimits(values: [String: String], expected: Int) async throws {
        let harness = Harness()
        let source = try StressSource(harness.source(values))
        try await source.start()
        let events = await harness.drain(expected)
        #expect(events.count == expected)
        #expect(await harness.bodies(1, patience: .milliseconds(50)) == [])
        #expect(events.allSatisfy { $0.body == ByteBuffer(repeating: 0x7F, count: 500) && $0.headers.isEmpty })
        await source.quiesce()
    }

    @Test("Stress backs off by a step for each refusal in a row, and counts refused events as sent")
    func stressBackoff() {
        var settings = StressGenerator.Settings()
        settings.maxTotalEvents = 5
        settings.backoffIncrement = .milliseconds(10)
        settings.longestBackoff = .milliseconds(25)
        var generator = StressGenerator(settings)
        let now = NIODeadline.now()
        func put() -> Int? {
            if case .put(let batch) = generator.next(now: now) { batch.count } else { nil }
        }
        #expect(put() == 1)
        #expect(generator.settled(accepted: false, count: 1) == .milliseconds(10))
        #expect(put() == 1)
        #expect(generator.settled(accepted: false, count: 1) == .milliseconds(20))
        #expect(put() == 1)
        #expect(generator.settled(accepted: false, count: 1) == .milliseconds(25))
        #expect(put() == 1)
        #expect(generator.settled(accepted: true, count: 1) == .zero)
        #expect(put() == 1)
        #expect(generator.settled(accepted: false, count: 1) == .milliseconds(10))
        #expect(put() == nil)
    }

    @Test("Stress keeps its rate")
    func stressRate() {
        var settings = StressGenerator.Settings()
        settings.batchSize = 10
        settings.maxEventsPerSecond = 1000
        var generator = StressGenerator(settings)
        var now = NIODeadline.now()
        var sent = 0
        let end = now + .seconds(2)
        while now < end {
            switch generator.next(now: now) {
            case .put(let batch):
                sent += batch.count
                _ = generator.settled(accepted: true, count: batch.count)
            case .wait(let until):
                #expect(until > now)
                now = until
            case .finished:
                Issue.record("it has no limit")
                return
            }
        }
        #expect((1990...2010).contains(sent))
    }
}
