/// `-Dflume.monitoring.*`, as Flume's `Application` and `HTTPMetricsServer` read it.
package struct MonitoringSettings: Sendable, Hashable {
    package static let typeKey = "flume.monitoring.type"
    package static let portKey = "flume.monitoring.port"
    package static let bindKey = "flume.monitoring.bind"
    /// `HTTPMetricsServer.DEFAULT_PORT`.
    package static let defaultPort = 41414

    /// A name or an address; nil for all interfaces, which is all that Flume knows.
    package var host: String?
    package var port = defaultPort

    package init(host: String? = nil, port: Int = defaultPort) {
        self.host = host
        self.port = port
    }

    private static let prefix = "flume.monitoring."
    private static let serverClass = "org.apache.flume.instrumentation.http.HTTPMetricsServer"
    private static let gangliaClass = "org.apache.flume.instrumentation.GangliaServer"
    /// `GangliaServer`'s keys.
    private static let gangliaKeys = [
        "flume.monitoring.hosts", "flume.monitoring.pollFrequency", "flume.monitoring.isGanglia3",
    ]

    /// The server that is asked for, nil when none is or when it cannot be had. Nothing here keeps an agent from
    /// starting: as in Flume, a reporter that cannot start is only told.
    package static func parse(
        systemProperties: [String: String]
    ) -> (settings: MonitoringSettings?, notes: [Diagnostic]) {
        let keys = systemProperties.keys.filter { $0.hasPrefix(prefix) }.sorted()
        guard let type = systemProperties[typeKey] else {
            return (nil, keys.map { unknown($0) ?? withoutType($0) })
        }
        guard isServer(type) else { return (nil, [unavailable(type)]) }
        var notes = keys.compactMap(unknown)
        var settings = MonitoringSettings()
        if let host = systemProperties[bindKey], !["", "*"].contains(host) { settings.host = host }
        if let text = systemProperties[portKey] {
            guard let port = UInt16(text) else {
                let message = "`-D\(portKey)=\(text)`: not a port, so there is no monitoring server"
                notes.append(Diagnostic(grade: .note, message: message, advice: "write a number from 0 to 65535"))
                return (nil, notes)
            }
            settings.port = Int(port)
        }
        return (settings, notes)
    }

    /// What to tell about a `flume.monitoring.type` that is not ours.
    package static func unavailable(_ type: String) -> Diagnostic {
        let what =
            switch type.lowercased() {
            case "ganglia", gangliaClass.lowercased(): "the Ganglia reporter is not available"
            default:
                type.contains(".")
                    ? "a Java class, which Tributary cannot load, is not available" : "this reporter is not available"
            }
        return Diagnostic(grade: .note, message: "`-D\(typeKey)=\(type)`: \(what)", advice: "use http")
    }

    private static func isServer(_ type: String) -> Bool {
        type.lowercased() == "http" || type == serverClass
    }

    private static func unknown(_ key: String) -> Diagnostic? {
        let known = [typeKey, portKey, bindKey]
        guard !known.contains(key) else { return nil }
        if gangliaKeys.contains(key) {
            return Diagnostic(grade: .note, message: "`-D\(key)` has no effect: it is a key of the Ganglia reporter")
        }
        let nearest = NearestName.nearest(to: key, among: known)
        return Diagnostic(
            grade: .note,
            message: "`-D\(key)` is not known",
            advice: nearest.map { "did you mean `-D\($0)`?" }
        )
    }

    private static func withoutType(_ key: String) -> Diagnostic {
        Diagnostic(
            grade: .note,
            message: "`-D\(key)` has no effect without `-D\(typeKey)`",
            advice: "add `-D\(typeKey)=http`"
        )
    }
}
