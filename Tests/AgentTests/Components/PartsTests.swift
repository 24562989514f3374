import Events
import Logging
import NIOCore
import Testing

@testable import Agent

@Suite("The small parts together", .timeLimit(.minutes(1)))
struct PartsTests {
    private static var registry: ComponentRegistry {
        var registry = ComponentRegistry.core
        registry.registerParts()
        return registry
    }

    private func load(_ text: String) -> ConfigurationLoader.Outcome {
        ConfigurationLoader.load(
            files: [(path: "a.conf", bytes: Array(text.utf8))],
            agent: "a",
            catalog: Self.registry.catalog
        )
    }

    @Test("Every documented key is known, under alias and class name")
    func keys() throws {
        let outcome = load(
            """
            a.sources = e n s t
            a.channels = c
            a.sinks = x l f
            a.channels.c.type = memory
            a.channels.c.capacity = 10000
            a.channels.c.transactionCapacity = 1000
            a.sources.e.type = exec
            a.sources.e.channels = c
            a.sources.e.command = tail -F /var/log/x
            a.sources.e.shell = /bin/sh -c
            a.sources.e.restart = true
            a.sources.e.restartThrottle = 1
            a.sources.e.logStdErr = false
            a.sources.e.batchSize = 1
            a.sources.e.batchTimeout = 1
            a.sources.e.charset = UTF-8
            a.sources.e.interceptors = i1 i2 i3
            a.sources.e.interceptors.i1.type = timestamp
            a.sources.e.interceptors.i1.headerName = t
            a.sources.e.interceptors.i1.preserveExisting = true
            a.sources.e.interceptors.i2.type = org.apache.flume.interceptor.HostInterceptor$Builder
            a.sources.e.interceptors.i2.hostHeader = h
            a.sources.e.interceptors.i2.useIP = true
            a.sources.e.interceptors.i2.preserveExisting = true
            a.sources.e.interceptors.i3.type = STATIC
            a.sources.e.interceptors.i3.key = k
            a.sources.e.interceptors.i3.value = v
            a.sources.e.interceptors.i3.preserveExisting = false
            a.sources.n.type = org.apache.flume.source.NetcatSource
            a.sources.n.channels = c
            a.sources.n.bind = 0.0.0.0
            a.sources.n.port = 1
            a.sources.n.max-line-length = 5
            a.sources.n.ack-every-event = false
            a.sources.n.encoding = utf-8
            a.sources.s.type = seq
            a.sources.s.channels = c
            a.sources.s.batchSize = 1
            a.sources.s.totalEvents = 5
            a.sources.t.type = org.apache.flume.source.StressSource
            a.sources.t.channels = c
            a.sources.t.size = 1
            a.sources.t.maxTotalEvents = 1
            a.sources.t.maxSuccessfulEvents = 1
            a.sources.t.batchSize = 1
            a.sources.t.maxEventsPerSecond = 1
            a.sources.t.backoffSleepIncrement = 1
            a.sources.t.maxBackoffSleep = 1
            a.sinks.x.type = null
            a.sinks.x.channel = c
            a.sinks.x.batchSize = 1
            a.sinks.x.logEveryNEvents = 1
            a.sinks.l.type = logger
            a.sinks.l.channel = c
            a.sinks.l.maxBytesToLog = 1
            a.sinks.f.type = FILE_ROLL
            a.sinks.f.channel = c
            a.sinks.f.sink.directory = /tmp
            a.sinks.f.sink.rollInterval = 1
            a.sinks.f.sink.batchSize = 1
            a.sinks.f.sink.serializer = HEADER_AND_TEXT
            a.sinks.f.sink.serializer.appendNewline = false
            a.sinks.f.sink.pathManager = ROLLTIME
            a.sinks.f.sink.pathManager.prefix = p
            a.sinks.f.sink.pathManager.extension = e

            """
        )
        #expect(outcome.diagnostics.all.map(\.description) == [])
        let configuration = try #require(outcome.configuration)
        #expect(configuration.sources.count == 4)
        #expect(configuration.sinks.count == 3)
    }

    @Test("A serializer that is not there yet is a fault that says what to use")
    func avroEvent() {
        let outcome = load(
            """
            a.channels = c
            a.sinks = f
            a.channels.c.type = memory
            a.sinks.f.type = file_roll
            a.sinks.f.channel = c
            a.sinks.f.sink.directory = /tmp
            a.sinks.f.sink.serializer = avro_event

            """
        )
        #expect(outcome.configuration == nil)
        #expect(outcome.diagnostics.all.contains { $0.message.contains("`avro_event` is a Flume event serializer") })
    }

    /// Runs a source and a sink on one memory channel until the sink has had `count` events.
    private func run(
        _ source: any Source,
        _ sink: any Sink,
        _ counters: SinkCounters,
        _ harness: Harness,
        _ eventLoop: any EventLoop,
        count: Int
    ) async throws {
        let runner = SinkRunner(
            channel: harness.channel,
            members: [.init(name: "k", sink: sink, counters: counters)],
            processor: .single,
            eventLoop: eventLoop,
            logger: harness.log.logger
        )
        try await runner.start()
        try await source.start()
        #expect(await Harness.eventually(.seconds(30)) { counters.eventDrainSuccess.value >= count })
        await source.quiesce()
        await runner.stop(deadline: .now() + .seconds(5))
        await source.stop(deadline: .now() + .seconds(5))
        #expect(counters.eventDrainSuccess.value == count)
        #expect(harness.channel.size == 0)
    }

    @Test("seq to file_roll through a small channel: every number once, in order", arguments: AcknowledgeMode.all)
    func toFiles(mode: AcknowledgeMode) async throws {
        let directory = try TestDirectory()
        let harness = Harness(capacity: 500, transactionCapacity: 100, mode: mode)
        let counters = SinkCounters(name: "k")
        let context = Harness.sink(
            ["sink.directory": directory.path, "sink.rollInterval": "0"],
            counters: counters
        )
        let count = 20_000
        let source = try SequenceSource(harness.source(["batchSize": "50", "totalEvents": "\(count)"]))
        try await run(source, try FileRollSink(context), counters, harness, context.eventLoop, count: count)
        #expect(directory.names.count == 1)
        let text = try directory.text(try #require(directory.names.first))
        #expect(text == (0..<count).map { "\($0)\n" }.joined())
    }

    @Test("exec to null", arguments: AcknowledgeMode.all)
    func toNull(mode: AcknowledgeMode) async throws {
        let harness = Harness(capacity: 500, transactionCapacity: 100, mode: mode)
        let counters = SinkCounters(name: "k")
        let context = Harness.sink([:], counters: counters)
        let count = 50_000
        let source = try ExecSource(harness.source(["command": "seq 1 \(count)"]))
        try await run(source, try NullSink(context), counters, harness, context.eventLoop, count: count)
        #expect(harness.counters.eventAccepted.value == count)
    }
}

extension AcknowledgeMode {
    static let all: [AcknowledgeMode] = [.stored, .delivered]
}
