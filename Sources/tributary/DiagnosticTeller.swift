import Agent
import Foundation
import Logging

/// Tells remarks about the configuration: to the log, and on standard error as plain lines where the log is not there.
struct DiagnosticTeller {
    let logger: Logger
    let alsoPrints: Bool

    func tell(_ diagnostic: Diagnostic) {
        tell(diagnostic.description, level: diagnostic.grade == .note ? .warning : .error)
    }

    func tell(_ line: String, level: Logger.Level = .error) {
        logger.log(level: level, "\(line)")
        if alsoPrints { FileHandle.standardError.write(Data((line + "\n").utf8)) }
    }
}
