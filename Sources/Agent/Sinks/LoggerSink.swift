internal import Events
internal import Logging
internal import NIOCore
internal import Synchronization

/// Flume's logger sink: each event is a line of the log.
final class LoggerSink: Sink {
    static let type = TypeEntry(
        alias: "logger",
        className: "org.apache.flume.sink.LoggerSink",
        keys: [KeySpec("maxBytesToLog")]
    )

    /// Flume takes one event at a time; nothing shows the difference.
    let batchSize = 100
    private let limit: Int
    private let logger: Logger
    private let reports = Mutex<SinkReports?>(nil)

    init(_ context: SinkContext) throws(ConfigurationFault) {
        let logger = context.logger
        // 16: `LoggerSink.DEFAULT_MAX_BYTE_DUMP`.
        limit = context.settings.intOrDefault("maxBytesToLog", default: 16) { logger.warning("\($0)") }
        self.logger = logger
    }

    func start(_ reports: SinkReports) async throws(ComponentError) {
        self.reports.withLock { $0 = reports }
    }

    func submit(_ batch: EventBatch, number: DeliveryNumber, deadline: NIODeadline?) -> Submission {
        if logger.logLevel <= .info {
            unsafe batch.forEachEvent { _, event in
                logger.info("Event: \(unsafe EventDump.line(event, limit: limit))")
            }
        }
        reports.withLock { $0 }?.finished(number, .delivered)
        return .accepted
    }

    func stop(deadline: NIODeadline) async {}
}
