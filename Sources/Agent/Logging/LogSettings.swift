package import Logging

/// `-Dflume.root.logger`, `-Dflume.log.dir` and `-Dflume.log.file`, as Flume's log4j.properties reads them.
package struct LogSettings: Sendable, Hashable {
    package static let rootKey = "flume.root.logger"
    package static let folderKey = "flume.log.dir"
    package static let fileKey = "flume.log.file"

    /// Nil is log4j's OFF.
    package var level: Logger.Level?
    /// Lines go to standard error.
    package var console: Bool
    package var file: LogFileSettings?

    package init(level: Logger.Level? = .info, console: Bool = true, file: LogFileSettings? = nil) {
        self.level = level
        self.console = console
        self.file = file
    }

    /// Where lines go when `flume.root.logger` names no appender.
    package enum DefaultAppender: Sendable {
        case console
        /// Flume's own default, `INFO,LOGFILE`.
        case file
    }

    private static let prefix = "flume.log."
    private static let levels: [(name: String, level: Logger.Level?)] = [
        ("TRACE", .trace), ("ALL", .trace), ("DEBUG", .debug), ("INFO", .info), ("WARN", .warning), ("ERROR", .error),
        ("FATAL", .critical), ("OFF", nil),
    ]
    private static let consoleName = "console"
    private static let fileNames = ["LOGFILE", "DAILY"]

    /// Never fails: what cannot be read is told and the default used.
    package static func parse(
        systemProperties: [String: String],
        default appender: DefaultAppender
    ) -> (settings: LogSettings, notes: [Diagnostic]) {
        var notes = systemProperties.keys.filter { $0.hasPrefix(prefix) }.sorted().compactMap(unknown)
        var settings = LogSettings(console: false)
        var usesFile = false
        let root = systemProperties[rootKey, default: ""]
        let words = root.split(separator: ",", omittingEmptySubsequences: false).map(trimmed)
        if let word = words.first, !word.isEmpty {
            if let known = levels.first(where: { $0.name == word.uppercased() }) {
                settings.level = known.level
            } else {
                notes.append(note(word, "is not a level; INFO is used", among: levels.map(\.name)))
            }
        }
        for word in words.dropFirst() where !word.isEmpty {
            if word.lowercased() == consoleName {
                settings.console = true
            } else if fileNames.contains(word.uppercased()) {
                usesFile = true
            } else {
                notes.append(note(word, "is not an appender", among: [consoleName] + fileNames))
            }
        }
        if !settings.console, !usesFile {
            settings.console = appender == .console
            usesFile = appender == .file
        }
        if usesFile { settings.file = LogFileSettings(path: path(systemProperties)) }
        return (settings, notes)
    }

    /// `./logs` and `flume.log` are the defaults of Flume's log4j.properties.
    private static func path(_ properties: [String: String]) -> String {
        let folder = properties[folderKey, default: "./logs"]
        let file = properties[fileKey, default: "flume.log"]
        return folder.isEmpty || folder.hasSuffix("/") ? folder + file : "\(folder)/\(file)"
    }

    private static func trimmed(_ word: Substring) -> String {
        let start = word.drop { $0.isWhitespace }
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...last])
    }

    private static func note(_ word: String, _ message: String, among names: [String]) -> Diagnostic {
        let nearest = NearestName.nearest(to: word, among: names)
        return Diagnostic(
            grade: .note,
            message: "`-D\(rootKey)`: `\(word)` \(message)",
            advice: nearest.map { "did you mean `\($0)`?" } ?? "use one of \(names.joined(separator: ", "))"
        )
    }

    private static func unknown(_ key: String) -> Diagnostic? {
        guard key != folderKey, key != fileKey else { return nil }
        let nearest = NearestName.nearest(to: key, among: [folderKey, fileKey, rootKey])
        return Diagnostic(
            grade: .note,
            message: "`-D\(key)` is not known",
            advice: nearest.map { "did you mean `-D\($0)`?" }
        )
    }
}
