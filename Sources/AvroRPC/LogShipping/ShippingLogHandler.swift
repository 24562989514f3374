internal import Events
internal import Logging

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Makes an event of each log record and puts it into the shipper's queue.
struct ShippingLogHandler: LogHandler {
    /// The headers of Flume's log4j appender (Log4jAvroHeaders).
    private enum Header {
        static let logger = "flume.client.log4j.logger.name"
        static let level = "flume.client.log4j.log.level"
        static let timestamp = "flume.client.log4j.timestamp"
        static let encoding = "flume.client.log4j.message.encoding"
        static let address = "flume.client.log4j.address"
    }

    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let address: String?
    private let queue: LogQueue

    init(label: String, level: Logger.Level, address: String?, queue: LogQueue) {
        self.label = label
        logLevel = level
        self.address = address
        self.queue = queue
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var headers = [
            Header.logger: label,
            Header.level: String(Self.number(of: event.level)),
            Header.timestamp: String(Self.milliseconds()),
            // The appender's name of UTF-8.
            Header.encoding: "UTF8",
        ]
        if let address { headers[Header.address] = address }
        queue.append(Event(headers: headers, body: text(of: event)))
    }

    /// The message, then the metadata as `key=value`, by key.
    private func text(of event: LogEvent) -> String {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let explicit = event.metadata { all.merge(explicit) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        let pairs = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
        return event.message.description + pairs.joined()
    }

    /// log4j's numbers (org.apache.log4j.Priority); notice stands between INFO and WARN, critical is FATAL.
    private static func number(of level: Logger.Level) -> Int {
        switch level {
        case .trace: 5_000
        case .debug: 10_000
        case .info: 20_000
        case .notice: 25_000
        case .warning: 30_000
        case .error: 40_000
        case .critical: 50_000
        }
    }

    private static func milliseconds() -> Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int(time.tv_sec) * 1000 + Int(time.tv_nsec) / 1_000_000
    }
}
