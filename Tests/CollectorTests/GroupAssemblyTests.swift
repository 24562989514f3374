import Logging
import NIOCore
import NIOPosix
import Testing

@testable import Agent
@testable import Collector

@Suite struct GroupAssemblyTests {
    private func assemble(
        _ processor: String,
        channels: [String],
        broken: Bool = false
    ) -> (isMade: Bool, faults: [String]) {
        var registry = ComponentRegistry.core
        registry.registerCollector()
        var text = """
            a.sources = r
            a.channels = c0 c1
            a.sinks = k0 k1
            a.sinkgroups = g
            a.sources.r.type = avro
            a.sources.r.bind = 127.0.0.1
            a.sources.r.port = 4545
            a.sources.r.channels = c0 c1
            a.channels.c0.type = memory
            a.channels.c1.type = memory
            a.sinkgroups.g.sinks = k0 k1
            a.sinkgroups.g.processor.type = \(processor)
            a.sinkgroups.g.processor.priority.k0 = 1
            a.sinkgroups.g.processor.priority.k1 = 2

            """
        for (index, channel) in channels.enumerated() {
            text += """
                a.sinks.k\(index).type = avro
                a.sinks.k\(index).hostname = 127.0.0.1
                a.sinks.k\(index).port = \(broken && index == 0 ? "none" : "4546")
                a.sinks.k\(index).channel = \(channel)

                """
        }
        let outcome = ConfigurationLoader.load(
            files: [("a.properties", Array(text.utf8))],
            agent: "a",
            catalog: registry.catalog,
            lenient: broken
        )
        guard let configuration = outcome.configuration else {
            return (false, outcome.diagnostics.faults.map(\.message))
        }
        var assembly = AgentAssembly(
            AgentAssembly.Surroundings(
                registry: registry,
                group: MultiThreadedEventLoopGroup.singleton,
                process: ProcessSettings(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                channelBytes: 1 << 20,
                shutdownTimeout: .seconds(1)
            ),
            lenient: broken
        )
        let agent = assembly.make(configuration)
        return (agent != nil, assembly.diagnostics.faults.map(\.message))
    }

    @Test(arguments: ["failover", "load_balance"])
    func membersOnOneChannel(processor: String) {
        let result = assemble(processor, channels: ["c0", "c0"])
        #expect(result == (true, []))
    }

    /// Legal in Flume: they form one group for each channel, here of one sink each.
    @Test(arguments: ["failover", "load_balance"])
    func membersOnDifferentChannels(processor: String) {
        let result = assemble(processor, channels: ["c0", "c1"])
        #expect(result == (true, []))
    }

    @Test(arguments: ["failover", "load_balance"])
    func aMemberThatALenientStartDropped(processor: String) {
        let result = assemble(processor, channels: ["c0", "c0"], broken: true)
        #expect(result.isMade)
        #expect(result.faults.count == 1)
        #expect(result.faults.first?.contains("a.sinks.k0.port") == true)
    }
}
