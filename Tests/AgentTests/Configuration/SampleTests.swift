import Foundation
import Testing

@testable import Agent

@Suite("Files as Flume's users write them")
struct SampleTests {
    static let samples = [
        ("collector", "collector"), ("failover", "agent1"), ("flume-kafka-sink", "agentckafka"),
        ("flume-kafka-source", "agentckafka"), ("kafka-sink", "a1"), ("kafka-source", "tier1"),
    ]

    static func bytes(_ name: String) throws -> [UInt8] {
        let url = try #require(Bundle.module.url(forResource: "Samples/\(name)", withExtension: "properties"))
        return try ConfigurationFile.contents(of: url.path)
    }

    private static func load(_ name: String, _ agent: String) throws -> ConfigurationLoader.Outcome {
        ConfigurationLoader.load(
            files: [("\(name).properties", try bytes(name))],
            agent: agent,
            catalog: TestCatalog.complete
        )
    }

    @Test(arguments: samples)
    func loads(name: String, agent: String) throws {
        let outcome = try Self.load(name, agent)
        #expect(outcome.configuration != nil)
        #expect(outcome.diagnostics.faults == [])
        // The guide's batch of 5000 beside a default channel is the one thing worth a remark.
        let notes = outcome.diagnostics.notes.map(\.description)
        #expect(
            notes
                == (name == "kafka-source"
                    ? [
                        "kafka-source.properties:3:35: note: `tier1.sources.source1.batchSize` 5000 is above "
                            + "transactionCapacity 100 of channel `channel1`; such a batch is put whole"
                    ] : [])
        )
    }

    @Test func failoverModel() throws {
        let agent = try #require(try Self.load("failover", "agent1").configuration)
        #expect(agent.channels.map(\.name) == ["c1"])
        let source = try #require(agent.sources.first)
        #expect(source.channels == ["c1"])
        #expect(source.settings.string("command") == "tail -F /var/log/app.log")
        #expect(source.selector.type == "replicating")
        #expect(source.interceptors.map(\.type) == ["host", "timestamp"])
        #expect(source.interceptors[1].prefix == "agent1.sources.r1.interceptors.i2.")
        #expect(agent.sinks.map(\.name) == ["k1", "k2"])
        let port = try agent.sinks[1].settings.requiredInt("port", min: 1, max: 65535)
        #expect(port == 4545)
        let place = agent.sinks[1].settings.location(of: "port")?.description
        #expect(place == "failover.properties:29:24")
        let group = try #require(agent.groups.first)
        #expect(group.sinks == ["k1", "k2"])
        #expect(group.processor.className == "org.apache.flume.sink.FailoverSinkProcessor")
        #expect(group.processor.string("priority.k1") == "10")
        #expect(group.processor.string("maxpenalty") == "10000")
        #expect(agent.ungroupedSinks.isEmpty)
    }

    @Test("The blank behind the class name goes")
    func trailingBlank() throws {
        let agent = try #require(try Self.load("kafka-source", "tier1").configuration)
        #expect(agent.sources[0].settings.type == "org.apache.flume.source.kafka.KafkaSource")
        #expect(agent.sources[0].settings.commaList("kafka.topics") == ["test1", "test2"])
    }

    @Test func missingFile() {
        #expect {
            try ConfigurationFile.contents(of: "/nonexistent/a.properties")
        } throws: { "\($0)" == "fault: `/nonexistent/a.properties` cannot be opened: No such file or directory" }
    }
}
