import NIOCore
import TestSupport
import Testing

@testable import Agent

/// The file channel in a whole agent.
@Suite struct FileAgentTests {
    private func text(_ directory: TestDirectory, acknowledge: String = "stored", more: String = "") -> String {
        """
        a.sources = r
        a.channels = c
        a.sinks = k
        a.sources.r.type = feed
        a.sources.r.channels = c
        a.sources.r.acknowledge = \(acknowledge)
        a.sources.r.acknowledge-timeout = 500
        a.channels.c.type = file
        a.channels.c.checkpointDir = \(directory.path)/checkpoint
        a.channels.c.dataDirs = \(directory.path)/data
        a.channels.c.minimumRequiredSpace = 1
        \(more)
        a.sinks.k.type = fake
        a.sinks.k.channel = c
        """
    }

    /// A stop does not wait for events that are safe on disk, and loses none of them.
    @Test(arguments: ["stored", "delivered"])
    func aStopKeepsWhatNobodyTakes(acknowledge: String) async throws {
        let directory = try TestDirectory()
        let away = FakeSink(.atOnce) { _, _ in .notDelivered(SinkFailure("away")) }
        let agent = try await TestAgent.start(text(directory, acknowledge: acknowledge), sink: away)
        #expect(await agent.send(0..<10) == .acknowledged)
        #expect(await agent.send(10..<15) == .acknowledged)
        let start = ContinuousClock.now
        #expect(try await agent.stop() == 0)
        #expect(ContinuousClock.now - start < .seconds(3))

        let sink = FakeSink(.atOnce)
        let again = try await TestAgent.start(text(directory, acknowledge: acknowledge), sink: sink)
        #expect(await eventually { sink.numbers.count >= 15 })
        #expect(sink.numbers == Array(0..<15))
        #expect(try await again.stop() == 0)
    }

    /// Two required channels: the disk's part is done when it is stored, memory's when it is delivered.
    @Test func deliveredOverAFileAndAMemoryChannel() async throws {
        let directory = try TestDirectory()
        let sink = FakeSink(.atOnce)
        let two = text(directory, acknowledge: "delivered")
            .replacing("a.channels = c", with: "a.channels = c m")
            .replacing("a.sources.r.channels = c", with: "a.sources.r.channels = c m")
            .replacing("a.sinks.k.channel = c", with: "a.sinks.k.channel = m")
        let agent = try await TestAgent.start(two + "\na.channels.m.type = memory", sink: sink)
        #expect(await agent.send(0..<10) == .acknowledged)
        #expect(sink.numbers == Array(0..<10))
        #expect(try await agent.stop() == 0)
    }

    @Test(arguments: ["stored", "delivered"])
    func aChannelThatCannotStoreIsToldToTheSourceAndToReadyz(acknowledge: String) async throws {
        let directory = try TestDirectory()
        let full = "a.channels.c.minimumRequiredSpace = 9000000000000000000"
        let agent = try await TestAgent.start(
            text(directory, acknowledge: acknowledge).replacing("a.channels.c.minimumRequiredSpace = 1", with: full)
        )
        #expect(agent.service.reasonsNotReady == [])
        guard case .refused(let reason) = await agent.send(0..<10) else {
            Issue.record("it was stored")
            return
        }
        #expect(reason.code == .channelFull)
        #expect(reason.message.contains("no data directory has room"))
        #expect(agent.service.reasonsNotReady.first?.hasPrefix("channel c: no data directory has room") == true)
        #expect(try await agent.stop() == 0)
    }

    @Test func twoChannelsOfOneFileOnOneDirectoryAreAFault() throws {
        let directory = try TestDirectory()
        let more = """
            a.channels.d.type = file
            a.channels.d.checkpointDir = \(directory.path)/other
            a.channels.d.dataDirs = \(directory.path)/data/
            """
        let text = text(directory, more: more).replacing("channels = c", with: "channels = c d")
        let refused = #expect(throws: TestAgent.Refused.self) { try TestAgent.make(text) }
        let message = refused?.description ?? ""
        #expect(message.contains("agent.properties:14:25: fault: `a.channels.d.dataDirs`: "), "\(message)")
        #expect(message.contains("is that of channel `c`; give each channel"), "\(message)")
    }
}
