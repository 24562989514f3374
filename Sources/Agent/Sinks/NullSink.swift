internal import Events
internal import Logging
internal import NIOCore
internal import Synchronization

/// Flume's null sink: every event is delivered, to nowhere.
final class NullSink: Sink {
    static let type = TypeEntry(
        alias: "null",
        className: "org.apache.flume.sink.NullSink",
        keys: [KeySpec("batchSize"), KeySpec("logEveryNEvents")],
        batchSize: .init("batchSize", default: 100)
    )

    let batchSize: Int
    private let logEvery: Int
    private let logger: Logger
    private let state = Mutex<(reports: SinkReports?, events: Int)>((nil, 0))

    init(_ context: SinkContext) throws(ConfigurationFault) {
        batchSize = try context.settings.int("batchSize", default: 100, min: 1)
        logEvery = try context.settings.int("logEveryNEvents", default: 10_000, min: 1)
        logger = context.logger
    }

    func start(_ reports: SinkReports) async throws(ComponentError) {
        state.withLock { $0.reports = reports }
    }

    func submit(_ batch: EventBatch, number: DeliveryNumber, deadline: NIODeadline?) -> Submission {
        let (reports, before, after) = state.withLock { state in
            defer { state.events += batch.count }
            return (state.reports, state.events, state.events + batch.count)
        }
        if before / logEvery != after / logEvery {
            logger.info("events discarded", metadata: ["events": "\(after / logEvery * logEvery)"])
        }
        reports?.finished(number, .delivered)
        return .accepted
    }

    func stop(deadline: NIODeadline) async {
        logger.info("null sink stopped", metadata: ["events": "\(state.withLock { $0.events })"])
    }
}
