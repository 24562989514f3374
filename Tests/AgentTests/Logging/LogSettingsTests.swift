import Logging
import Testing

@testable import Agent

@Suite struct LogSettingsTests {
    struct Row: Sendable {
        let properties: [String: String]
        var appender = LogSettings.DefaultAppender.file
        var level: Logger.Level? = .info
        var console = false
        var file: String?
        var notes: [String] = []
    }

    static let rows = [
        Row(properties: [:], file: "./logs/flume.log"),
        Row(properties: [:], appender: .console, console: true),
        Row(properties: ["flume.root.logger": "INFO,console"], console: true),
        Row(properties: ["flume.root.logger": "INFO,LOGFILE"], appender: .console, file: "./logs/flume.log"),
        Row(properties: ["flume.root.logger": "DEBUG,DAILY"], level: .debug, file: "./logs/flume.log"),
        Row(properties: ["flume.root.logger": "TRACE,console"], level: .trace, console: true),
        Row(properties: ["flume.root.logger": "ALL,console"], level: .trace, console: true),
        Row(properties: ["flume.root.logger": "WARN,console"], level: .warning, console: true),
        Row(properties: ["flume.root.logger": "ERROR,console"], level: .error, console: true),
        Row(properties: ["flume.root.logger": "FATAL,console"], level: .critical, console: true),
        Row(properties: ["flume.root.logger": "OFF,console"], level: nil, console: true),
        Row(
            properties: ["flume.root.logger": " warn , Console , logfile ,"],
            level: .warning,
            console: true,
            file: "./logs/flume.log"
        ),
        Row(properties: ["flume.root.logger": "DEBUG"], level: .debug, file: "./logs/flume.log"),
        Row(properties: ["flume.root.logger": ",console"], console: true),
        Row(properties: ["flume.log.dir": "/var/log/flume", "flume.log.file": "a.log"], file: "/var/log/flume/a.log"),
        Row(properties: ["flume.log.dir": "/var/log/"], file: "/var/log/flume.log"),
        Row(properties: ["flume.log.dir": ""], file: "flume.log"),
        Row(
            properties: ["flume.root.logger": "INFOO,consol", "flume.log.dri": "x", "flume.log.colour": "x"],
            file: "./logs/flume.log",
            notes: [
                "note: `-Dflume.log.colour` is not known",
                "note: `-Dflume.log.dri` is not known; did you mean `-Dflume.log.dir`?",
                "note: `-Dflume.root.logger`: `INFOO` is not a level; INFO is used; did you mean `INFO`?",
                "note: `-Dflume.root.logger`: `consol` is not an appender; did you mean `console`?",
            ]
        ),
        Row(
            properties: ["flume.root.logger": "LOUD,syslog"],
            appender: .console,
            console: true,
            notes: [
                "note: `-Dflume.root.logger`: `LOUD` is not a level; INFO is used; "
                    + "use one of TRACE, ALL, DEBUG, INFO, WARN, ERROR, FATAL, OFF",
                "note: `-Dflume.root.logger`: `syslog` is not an appender; use one of console, LOGFILE, DAILY",
            ]
        ),
    ]

    @Test(arguments: rows) func parses(_ row: Row) {
        let parsed = LogSettings.parse(systemProperties: row.properties, default: row.appender)
        #expect(parsed.settings.level == row.level)
        #expect(parsed.settings.console == row.console)
        #expect(parsed.settings.file?.path == row.file)
        #expect(parsed.notes.map(\.description) == row.notes)
    }
}
