internal import Logging

/// The opened destinations of the process's log, and the handlers that write to them.
package struct LogSystem: Sendable {
    private let level: Logger.Level?
    private let destinations: [LogDestination]

    /// Opens what the settings ask for; a file that cannot be opened is told on standard error and replaced by it.
    package init(_ settings: LogSettings) {
        level = settings.level
        var destinations: [LogDestination] = []
        if settings.console { destinations.append(LogDestination()) }
        if let file = settings.file {
            destinations.append(LogDestination(file: file, linesFallBack: !settings.console))
        }
        self.destinations = destinations
    }

    /// For `LoggingSystem.bootstrap`.
    package func handler(label: String) -> FlumeLogHandler {
        FlumeLogHandler(label: label, level: level, destinations: destinations)
    }

    /// Opens the files anew, for SIGHUP.
    package func reopen() {
        for destination in destinations { destination.reopen() }
    }
}
