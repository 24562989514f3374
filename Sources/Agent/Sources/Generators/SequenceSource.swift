internal import NIOCore

/// Flume's seq source: a counter, for tests of what follows it.
final class SequenceSource: Source {
    static let type = TypeEntry(
        alias: "seq",
        className: "org.apache.flume.source.SequenceGeneratorSource",
        keys: [KeySpec("batchSize"), KeySpec("totalEvents")] + PollableKeys.unused
            + [AcknowledgeKeys.mode, AcknowledgeKeys.timeout],
        batchSize: .init("batchSize", default: 1)
    )

    private let driver: GeneratorDriver<SequenceGenerator>

    init(_ context: SourceContext) throws(ConfigurationFault) {
        let settings = context.settings
        try PollableKeys.check(settings)
        driver = GeneratorDriver(
            SequenceGenerator(
                batchSize: try settings.int("batchSize", default: 1, min: 1),
                total: try settings.int64("totalEvents", default: .max)
            ),
            processor: context.processor,
            counters: context.counters,
            eventLoop: context.eventLoopGroup.next()
        )
    }

    func start() async throws(ComponentError) { await driver.start() }
    func quiesce() async { await driver.stop() }
    func stop(deadline: NIODeadline) async { await driver.stop() }
}
