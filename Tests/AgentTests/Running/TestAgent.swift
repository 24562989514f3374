import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import TestSupport

@testable import Agent

/// A source that a test feeds.
final class FeedSource: Source {
    static let type = TypeEntry(
        alias: "feed",
        className: "test.FeedSource",
        keys: [AcknowledgeKeys.mode, AcknowledgeKeys.timeout]
    )

    private let processor: ChannelProcessor
    private let loop: any EventLoop

    init(_ context: SourceContext) {
        processor = context.processor
        loop = context.eventLoopGroup.next()
    }

    func start() async throws(ComponentError) {}
    func quiesce() async {}
    func stop(deadline: NIODeadline) async {}

    /// Hands over a batch; the answer.
    func send(_ numbers: Range<Int>) async -> Acknowledgement {
        let promise = loop.makePromise(of: Acknowledgement.self)
        loop.execute { [processor, loop] in
            processor.process(.numbered(numbers), on: loop) { promise.succeed($0) }
        }
        return (try? await promise.futureResult.get()) ?? .refused(ComponentError(.channelClosed, "no answer"))
    }
}

/// One agent in this process, made from the text of a properties file, with the types `feed` and `fake` besides ours.
struct TestAgent {
    static let file = "agent.properties"

    let service: AgentService
    private let services: ServiceGroup
    private let feeders: Recorded<FeedSource>
    private let result: Task<Void, any Error>

    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    static func make(
        _ text: String,
        sink: FakeSink = FakeSink(.atOnce),
        feeders: Recorded<FeedSource> = Recorded(),
        shutdownTimeout: TimeAmount = .seconds(5)
    ) throws -> AgentService {
        var registry = ComponentRegistry.core
        registry.register(source: FeedSource.type) { context throws(ConfigurationFault) in
            let source = FeedSource(context)
            feeders.add(source)
            return source
        }
        registry.register(sink: TypeEntry(alias: "fake", className: "test.FakeSink", keys: [])) {
            _ throws(ConfigurationFault) in sink
        }
        let outcome = ConfigurationLoader.load(
            files: [(file, Array(text.utf8))],
            agent: "a",
            catalog: registry.catalog
        )
        guard let configuration = outcome.configuration else {
            throw Refused(description: outcome.diagnostics.all.map(\.description).joined(separator: "\n"))
        }
        var assembly = AgentAssembly(
            AgentAssembly.Surroundings(
                registry: registry,
                group: MultiThreadedEventLoopGroup.singleton,
                process: ProcessSettings(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                channelBytes: 1 << 30,
                shutdownTimeout: shutdownTimeout
            ),
            lenient: false
        )
        guard let service = assembly.make(configuration) else {
            throw Refused(description: assembly.diagnostics.all.map(\.description).joined(separator: "\n"))
        }
        return service
    }

    /// Starts it; returns when it runs.
    static func start(
        _ text: String,
        sink: FakeSink = FakeSink(.atOnce),
        shutdownTimeout: TimeAmount = .seconds(5)
    ) async throws -> TestAgent {
        let feeders = Recorded<FeedSource>()
        let service = try make(text, sink: sink, feeders: feeders, shutdownTimeout: shutdownTimeout)
        let agent = TestAgent(service, feeders)
        guard await eventually({ service.reasonsNotReady != ["starting"] }) else {
            throw Refused(description: "it does not start")
        }
        return agent
    }

    private init(_ service: AgentService, _ feeders: Recorded<FeedSource>) {
        self.service = service
        self.feeders = feeders
        let services = ServiceGroup(
            configuration: .init(
                services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        )
        self.services = services
        result = Task { try await services.run() }
    }

    func send(_ numbers: Range<Int>) async -> Acknowledgement {
        guard let feeder = feeders.all.first else {
            return .refused(ComponentError(.configuration, "no source `feed`"))
        }
        return await feeder.send(numbers)
    }

    /// Stops it as SIGTERM does; how many events were lost.
    func stop() async throws -> Int {
        await services.triggerGracefulShutdown()
        try await result.value
        return service.lostEvents
    }
}

/// A port of the loopback interface that nobody listens on at this moment.
func freePort() async throws -> Int {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .bind(host: "127.0.0.1", port: 0).get()
    let port = channel.localAddress?.port ?? 0
    try await channel.close()
    return port
}
