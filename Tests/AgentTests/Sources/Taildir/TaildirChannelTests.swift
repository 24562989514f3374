import Events
import Foundation
import Logging
import NIOCore
import TestSupport
import Testing

@testable import Agent

/// A taildir source and its channel: room, acknowledgements, stops.
@Suite("taildir and its channel", .serialized, .timeLimit(.minutes(2)))
struct TaildirChannelTests {
    @Test("While the channel is full the source waits; order holds and nothing is dropped")
    func full() async throws {
        let rig = try TailRig(Harness(capacity: 10, keepAlive: .milliseconds(20)))
        let count = 300
        try rig.append("a.log", (0..<count).map { "\($0)\n" }.joined())
        try await rig.start(["batchSize": "7"])
        #expect(await Harness.eventually { rig.harness.counters.channelWriteFail.value > 1 })
        #expect(rig.harness.channel.size <= 10)
        #expect(await rig.lines(count) == (0..<count).map(String.init))
        #expect(await Harness.eventually { rig.harness.counters.eventAccepted.value == count })
        await rig.stop()
        #expect(rig.positions()["a.log"] == UInt64((0..<count).map { "\($0)\n".utf8.count }.reduce(0, +)))
    }

    @Test("Under `delivered` several batches are out, and the position follows what is delivered without a gap")
    func delivered() async throws {
        let rig = try TailRig(Harness(mode: .delivered))
        try rig.append("a.log", "1\n2\n3\n4\n")
        try await rig.start(["batchSize": "1"])
        #expect(await Harness.eventually { rig.harness.channel.size == 4 })
        let waker = ChannelWaker {}
        guard let first = rig.harness.channel.take(upTo: 1, atLeast: 1, waking: waker),
            let second = rig.harness.channel.take(upTo: 1, atLeast: 1, waking: waker)
        else {
            Issue.record("nothing to take")
            return
        }
        second.finish(.delivered)
        // Enough for some writes.
        try await Task.sleep(for: .milliseconds(100))
        #expect(rig.positions()["a.log"] ?? 0 == 0)
        first.finish(.delivered)
        #expect(await Harness.eventually { rig.positions()["a.log"] == 4 })
        await rig.stop()
        #expect(rig.positions()["a.log"] == 4)
        // What was not delivered is read again.
        try await rig.restart()
        #expect(await rig.lines(2) == ["3", "4"])
        await rig.stop()
    }

    @Test("Under `delivered` what is not delivered in time is offered again")
    func refusedLate() async throws {
        let rig = try TailRig(Harness(mode: .delivered, acknowledgeTimeout: .milliseconds(100)))
        try rig.append("a.log", "1\n")
        try await rig.start()
        #expect(await Harness.eventually { rig.harness.counters.channelWriteFail.value >= 2 })
        #expect(await rig.lines(1) == ["1"])
        #expect(await Harness.eventually { rig.positions()["a.log"] == 2 })
        await rig.stop()
    }

    /// A deleted file with three lines, of which the channel has room for the first; the others were refused.
    private func deletedBehindAFullChannel() async throws -> TailRig {
        let rig = try TailRig(Harness(capacity: 1, keepAlive: .milliseconds(20)))
        try rig.append("a.log", "1\n2\n3\n")
        try await rig.start(["batchSize": "1"])
        #expect(await Harness.eventually { rig.harness.counters.channelWriteFail.value > 0 })
        let writer = open(rig.path("a.log"), O_WRONLY | O_APPEND)
        defer { close(writer) }
        try rig.remove("a.log")
        _ = write(writer, "4\n", 2)
        #expect(await Harness.eventually { rig.harness.counters.eventReceived.value == 4 })
        return rig
    }

    @Test("A stop offers again what the channel refused of a deleted file")
    func deletedBehindAFullChannelGoesOn() async throws {
        let rig = try await deletedBehindAFullChannel()
        let harness = rig.harness
        async let drained = {
            try await Task.sleep(for: .milliseconds(300))
            return await harness.drain(4, patience: .seconds(2)).map { String(buffer: $0.body) }
        }()
        await rig.stop()
        #expect(try await drained == ["1", "2", "3", "4"])
    }

    @Test("What a stop must leave of a deleted file is told")
    func deletedBehindAFullChannelIsTold() async throws {
        let rig = try await deletedBehindAFullChannel()
        await rig.stop()
        let told = rig.harness.log.lines.filter { $0.message.contains("deleted file") }
        #expect(told.count == 1, "\(rig.harness.log.lines)")
        #expect(told.first?.metadata["file"] == "\(rig.path("a.log"))")
        #expect(told.first?.metadata["offset"] == "2")
    }

    @Test("A stop in the middle of a file, and a start: every line once")
    func stopInTheMiddle() async throws {
        let rig = try TailRig()
        let count = 20_000
        try rig.append("a.log", (0..<count).map { "\($0)\n" }.joined())
        var lines: [String] = []
        for _ in 0..<6 {
            try await rig.restart(["batchSize": "50"], harness: Harness(capacity: 4_000, keepAlive: .seconds(30)))
            lines += await rig.lines(min(3_000, count - lines.count))
            await rig.stop()
            // What was admitted is drained by the sinks.
            lines += await rig.more(.milliseconds(20))
        }
        try await rig.restart()
        lines += await rig.lines(count - lines.count)
        #expect(lines == (0..<count).map(String.init))
        await rig.stop()
    }

    @Test("Writers, and the order of each file")
    func live() async throws {
        let rig = try TailRig()
        try await rig.start()
        let count = 500
        for number in 0..<count {
            try rig.append("\(number % 5).log", "\(number % 5) \(number)\n")
            if number % 50 == 0 { try await Task.sleep(for: .milliseconds(15)) }
        }
        let lines = await rig.lines(count)
        for file in 0..<5 {
            let own = lines.filter { $0.hasPrefix("\(file) ") }
            #expect(own == stride(from: file, to: count, by: 5).map { "\(file) \($0)" })
        }
        #expect(await rig.more() == [])
        await rig.stop()
    }
}
