import Testing

@testable import Agent

@Suite struct MonitoringSettingsTests {
    @Test(
        arguments: [
            ([:], nil, []),
            (["type": "http"], MonitoringSettings(), []),
            (["type": "HTTP", "port": "34545"], MonitoringSettings(port: 34_545), []),
            (["type": "http", "bind": "127.0.0.1", "port": "0"], MonitoringSettings(host: "127.0.0.1", port: 0), []),
            (["type": "http", "bind": "*"], MonitoringSettings(), []),
            (["type": "org.apache.flume.instrumentation.http.HTTPMetricsServer"], MonitoringSettings(), []),
            (
                ["type": "http", "prot": "1", "hosts": "h:8649", "colour": "red"], MonitoringSettings(),
                [
                    "note: `-Dflume.monitoring.colour` is not known",
                    "note: `-Dflume.monitoring.hosts` has no effect: it is a key of the Ganglia reporter",
                    "note: `-Dflume.monitoring.prot` is not known; did you mean `-Dflume.monitoring.port`?",
                ]
            ),
            (
                ["port": "41414", "typ": "http"], nil,
                [
                    "note: `-Dflume.monitoring.port` has no effect without `-Dflume.monitoring.type`; "
                        + "add `-Dflume.monitoring.type=http`",
                    "note: `-Dflume.monitoring.typ` is not known; did you mean `-Dflume.monitoring.type`?",
                ]
            ),
            (
                ["type": "http", "port": "eighty"], nil,
                [
                    "note: `-Dflume.monitoring.port=eighty`: not a port, so there is no monitoring server; "
                        + "write a number from 0 to 65535"
                ]
            ),
            (
                ["type": "http", "port": "65536"], nil,
                [
                    "note: `-Dflume.monitoring.port=65536`: not a port, so there is no monitoring server; "
                        + "write a number from 0 to 65535"
                ]
            ),
            (
                ["type": "ganglia", "hosts": "h:8649"], nil,
                ["note: `-Dflume.monitoring.type=ganglia`: the Ganglia reporter is not available; use http"]
            ),
            (
                ["type": "com.example.Monitor", "x": "y"], nil,
                [
                    "note: `-Dflume.monitoring.type=com.example.Monitor`: a Java class, which Tributary cannot load, "
                        + "is not available; use http"
                ]
            ),
            (
                ["type": "prometheus"], nil,
                ["note: `-Dflume.monitoring.type=prometheus`: this reporter is not available; use http"]
            ),
        ] as [([String: String], MonitoringSettings?, [String])]
    )
    func parses(_ properties: [String: String], _ settings: MonitoringSettings?, _ notes: [String]) {
        var all = ["flume.log.dir": "x", "user.name": "y"]
        for (key, value) in properties { all["flume.monitoring.\(key)"] = value }
        let parsed = MonitoringSettings.parse(systemProperties: all)
        #expect(parsed.settings == settings)
        #expect(parsed.notes.map(\.description) == notes)
        #expect(parsed.notes.allSatisfy { $0.grade == .note })
    }
}
