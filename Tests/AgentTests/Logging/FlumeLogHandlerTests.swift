import Logging
import Testing

@testable import Agent

@Suite struct FlumeLogHandlerTests {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func logger(level: Logger.Level?) -> Logger {
        let destination = LogDestination(file: LogFileSettings(path: "\(folder.path)/log"))
        return Logger(label: "k1") { label in
            FlumeLogHandler(label: label, level: level, destinations: [destination]) { LogLineTests.time }
        }
    }

    private static let start = "2026-11-24 02:04:06,007"

    @Test func writesMetadataInOrder() {
        var logger = logger(level: .info)
        logger[metadataKey: "sink"] = "k1"
        logger[metadataKey: "zone"] = "a b"
        logger.debug("not shown")
        logger.warning("m", metadata: ["host": "h", "zone": "c", "list": ["x", "y"]])
        #expect(
            folder.text("log") == "\(Self.start) WARN  [k1] m host=h list=\"[\\\"x\\\", \\\"y\\\"]\" sink=k1 zone=c\n"
        )
    }

    @Test func writesErrorsAndProvidedMetadata() {
        var logger = logger(level: .trace)
        logger.handler.metadataProvider = Logger.MetadataProvider { ["p": "1"] }
        logger.error("m", error: ComponentError(.channelFull, "no room\n"))
        #expect(folder.text("log") == "\(Self.start) ERROR [k1] m error=\"no room\\n\" p=1\n")
    }

    @Test func writesNothingWhenOff() {
        logger(level: nil).critical("m")
        #expect(folder.text("log") == "")
        logger(level: .critical).critical("m")
        #expect(folder.text("log") == "\(Self.start) FATAL [k1] m\n")
    }

    @Test func opensWhatTheSettingsSay() {
        let settings = LogSettings(console: false, file: LogFileSettings(path: "\(folder.path)/logs/flume.log"))
        let system = LogSystem(settings)
        Logger(label: "a", factory: system.handler).info("one")
        system.reopen()
        Logger(label: "a", factory: system.handler).debug("two")
        Logger(label: "a", factory: system.handler).info("three")
        let lines = folder.text("logs/flume.log")?.split(separator: "\n").map { $0.dropFirst(24) }
        #expect(lines == ["INFO  [a] one", "INFO  [a] three"])
    }
}
