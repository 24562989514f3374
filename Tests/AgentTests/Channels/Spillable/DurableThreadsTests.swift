import Events
import Synchronization
import TestSupport
import Testing

@testable import Agent

/// Two threads put, two take and finish in every way: each event is delivered once, and all room comes back.
@Suite struct DurableThreadsTests {
    @Test func ofAFileChannel() async throws {
        let directory = try TestDirectory()
        let rig = try await FileRig.started(directory, ["capacity": "500", "transactionCapacity": "100"])
        try await run(rig, 3_000)
        #expect(rig.value("EventTakeSuccessCount") == "6000")
    }

    @Test func ofASpillableChannel() async throws {
        let directory = try TestDirectory()
        let rig = try await SpillRig.started(
            directory,
            memory: 60,
            overflow: 440,
            ["transactionCapacity": "100", "overflowDeactivationThreshold": "20"]
        )
        try await run(rig, 3_000)
        #expect(rig.value("EventTakeSuccessCount") == "6000")
        #expect(rig.value("MemoryEventCount") == "0")
        #expect(rig.value("SpilledEventCount") != "0")
        #expect(rig.value("SpilledEventCount") != "6000")
    }

    private func run(_ rig: some ChannelDriver & Sendable, _ each: Int) async throws {
        let tally = FateTally(2 * each)
        await withTaskGroup { tasks in
            for putter in 0..<2 {
                tasks.addTask {
                    var next = 0
                    while next < each {
                        let numbers = (next..<min(next + 1 + next % 37, each)).map { $0 * 2 + putter }
                        do {
                            try await rig.put(numbers)
                            next += numbers.count
                        } catch {
                            try? await Task.sleep(for: .milliseconds(1))
                        }
                    }
                }
            }
            for taker in 0..<2 {
                tasks.addTask {
                    var turn = taker
                    while tally.delivered.load(ordering: .relaxed) < 2 * each {
                        turn += 1
                        guard let delivery = await rig.take(1 + turn % 50, patience: .milliseconds(20)) else {
                            continue
                        }
                        tally.finish(delivery, turn: turn)
                    }
                }
            }
        }
        #expect(tally.seen.withLock { $0.allSatisfy { $0 == 1 } })
        #expect(rig.driven.size == 0)
        #expect(await rig.driven.stop() == 0)
    }
}
