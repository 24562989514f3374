/// The netcat source's keys, read.
struct NetcatSettings: Sendable {
    var host: String
    var port: Int
    /// Characters of a line, its newline included.
    var longestLine: Int
    var acknowledges: Bool
    var encoding: JavaCharset

    static let keys = [
        KeySpec("bind", required: true),
        KeySpec("port", required: true),
        KeySpec("max-line-length"),
        KeySpec("ack-every-event", form: .boolean),
        KeySpec("encoding"),
    ]

    /// Defaults: Flume's NetcatSourceConfigurationConstants.
    init(_ settings: ComponentSettings) throws(ConfigurationFault) {
        host = try settings.required("bind")
        port = try settings.requiredInt("port", min: 0, max: 65535)
        longestLine = try settings.int("max-line-length", default: 512, min: 1)
        acknowledges = settings.bool("ack-every-event", default: true)
        let name = settings.string("encoding", default: "utf-8")
        guard let encoding = JavaCharset(name: name) else {
            throw settings.fault(
                "encoding",
                "`\(name)` is not an encoding that a netcat source reads",
                advice: "utf-8, iso-8859-1 or us-ascii"
            )
        }
        self.encoding = encoding
    }
}
