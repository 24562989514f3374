import Logging
import NIOCore
import Synchronization

/// Keeps what is logged at warning and above.
final class LogCapture: Sendable {
    struct Line: Sendable {
        let level: Logger.Level
        let message: String
        let metadata: [String: String]
        let time: NIODeadline
    }

    private let kept = Mutex<[Line]>([])

    var lines: [Line] { kept.withLock { $0 } }
    var warnings: [Line] { lines.filter { $0.level >= .warning } }
    /// Whether a client did not end with its component.
    var leftBehind: Bool { warnings.contains { $0.message.contains("left behind") } }

    var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(capture: self) }
        logger.logLevel = .info
        return logger
    }

    private struct Handler: LogHandler {
        let capture: LogCapture
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let line = Line(
                level: event.level,
                message: event.message.description,
                metadata: (event.metadata ?? [:]).mapValues(\.description),
                time: .now()
            )
            capture.kept.withLock { $0.append(line) }
        }
    }
}
