package import Logging

/// swift-log's handler of the process: every record is one line in Flume's style, to each destination.
package struct FlumeLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let isOff: Bool
    private let destinations: [LogDestination]
    private let now: @Sendable () -> CalendarTime

    /// - Parameters:
    ///   - label: the component, log4j's category.
    ///   - level: nil for log4j's OFF.
    ///   - now: local time, as log4j's `%d` has it.
    package init(
        label: String,
        level: Logger.Level?,
        destinations: [LogDestination],
        now: @escaping @Sendable () -> CalendarTime = { .now() }
    ) {
        self.label = label
        logLevel = level ?? .critical
        isOff = level == nil
        self.destinations = destinations
        self.now = now
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        guard !isOff else { return }
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let explicit = event.metadata { all.merge(explicit) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        let line = LogLine.bytes(
            time: now(),
            level: event.level,
            label: label,
            message: event.message.description,
            metadata: all.map { (key: $0.key, value: $0.value.description) }.sorted { $0.key < $1.key }
        )
        for destination in destinations { destination.write(line) }
    }
}
