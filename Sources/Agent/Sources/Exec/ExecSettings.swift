internal import NIOCore

/// The exec source's keys, read.
struct ExecSettings: Sendable {
    /// The program and its arguments.
    var arguments: [String]
    /// The command as written, for the log.
    var command: String
    var restarts: Bool
    var restartThrottle: TimeAmount
    var logsStandardError: Bool
    var batchSize: Int
    var batchTimeout: TimeAmount
    var charset: JavaCharset

    static let keys = [
        KeySpec("command", required: true),
        KeySpec("shell"),
        KeySpec("restart", form: .boolean),
        KeySpec("restartThrottle"),
        KeySpec("logStdErr", form: .boolean),
        KeySpec("batchSize"),
        KeySpec("batchTimeout"),
        KeySpec("charset"),
    ]

    /// Defaults: Flume's ExecSourceConfigurationConstants.
    init(_ settings: ComponentSettings) throws(ConfigurationFault) {
        command = try settings.required("command")
        let shell = Self.words(settings.string("shell", default: ""))
        arguments = shell.isEmpty ? Self.words(command) : shell + [command]
        restarts = settings.bool("restart", default: false)
        restartThrottle = TimeAmount(
            clamping: try settings.milliseconds("restartThrottle", default: .seconds(10), min: .min)
        )
        logsStandardError = settings.bool("logStdErr", default: false)
        // Flume puts each line by itself where the number is 0 or less.
        batchSize = max(1, try settings.int("batchSize", default: 20))
        batchTimeout = TimeAmount(clamping: try settings.milliseconds("batchTimeout", default: .seconds(3), min: .min))
        let name = settings.string("charset", default: "UTF-8")
        guard let charset = JavaCharset(name: name) else {
            throw settings.fault(
                "charset",
                "`\(name)` is not a charset that an exec source reads",
                advice: "UTF-8, ISO-8859-1 and US-ASCII are read; let the command convert, as `iconv -f \(name)` does"
            )
        }
        self.charset = charset
    }

    /// Words between Java's white space (`\s`).
    private static func words(_ text: String) -> [String] {
        text.utf8
            .split { $0 == 0x20 || (0x09...0x0D).contains($0) }
            .map { String(decoding: $0, as: UTF8.self) }
    }
}
