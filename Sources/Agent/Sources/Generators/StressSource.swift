internal import NIOCore

/// Flume's StressSource: load for tests of what follows it.
final class StressSource: Source {
    static let type = TypeEntry(
        className: "org.apache.flume.source.StressSource",
        keys: [
            KeySpec("size"), KeySpec("maxTotalEvents"), KeySpec("maxSuccessfulEvents"), KeySpec("batchSize"),
            KeySpec("maxEventsPerSecond"), AcknowledgeKeys.mode, AcknowledgeKeys.timeout,
        ] + PollableKeys.all,
        batchSize: .init("batchSize", default: 1)
    )

    private let driver: GeneratorDriver<StressGenerator>

    init(_ context: SourceContext) throws(ConfigurationFault) {
        let settings = context.settings
        var stress = StressGenerator.Settings()
        stress.size = try settings.int("size", default: stress.size, min: 0)
        stress.maxTotalEvents = try settings.int64("maxTotalEvents", default: -1)
        stress.maxSuccessfulEvents = try settings.int64("maxSuccessfulEvents", default: -1)
        stress.batchSize = try settings.int("batchSize", default: 1, min: 1)
        stress.maxEventsPerSecond = try settings.int("maxEventsPerSecond", default: 0)
        (stress.backoffIncrement, stress.longestBackoff) = try PollableKeys.backoff(settings)
        // The batch is made once and kept; Avro offsets within it have 32 bits.
        guard (stress.size + 16) * stress.batchSize < 1 << 30 else {
            throw settings.fault("batchSize", "a batch of \(stress.batchSize) × \(stress.size) bytes is above 1 GiB")
        }
        driver = GeneratorDriver(
            StressGenerator(stress),
            processor: context.processor,
            counters: context.counters,
            eventLoop: context.eventLoopGroup.next()
        )
    }

    func start() async throws(ComponentError) { await driver.start() }
    func quiesce() async { await driver.stop() }
    func stop(deadline: NIODeadline) async { await driver.stop() }
}
