internal import NIOHTTP1

/// From a request to its reply, without I/O. Both closures run on an event loop for each request: they may take short
/// locks, never wait.
struct MonitoringRoutes: Sendable {
    let groups: @Sendable () -> [CounterGroup]
    /// Why the agent is not ready, one sentence each; empty when it is.
    let notReady: @Sendable () -> [String]

    /// Paths count in any case and exactly, without their query. Methods do not count, but for the two that Flume's
    /// `HTTPMetricsServer` forbids.
    func reply(method: String, target: String) -> MonitoringReply {
        if method == "TRACE" || method == "OPTIONS" { return .refusal(.forbidden) }
        switch Self.path(of: target).lowercased() {
        case "/": return MonitoringReply(.ok, MonitoringReply.html, Array(Self.frontPage.utf8))
        case "/metrics": return MonitoringReply(.ok, MonitoringReply.json, metrics())
        case "/healthz": return MonitoringReply(.ok, MonitoringReply.json, Self.status("alive"))
        case "/readyz":
            let reasons = notReady()
            guard !reasons.isEmpty else { return MonitoringReply(.ok, MonitoringReply.json, Self.status("ready")) }
            let body = Self.status("not ready", reasons: reasons)
            return MonitoringReply(.serviceUnavailable, MonitoringReply.json, body)
        default: return .refusal(.notFound)
        }
    }

    private static let frontPage = """
        <!DOCTYPE html><html lang="en"><head><title>Tributary</title></head>\
        <body><p>Counters of this agent: <a href="./metrics">metrics</a></p></body></html>

        """

    /// One object, `TYPE.name` → attributes. A name that comes twice counts once, with what came last, as an MBean that
    /// is registered anew.
    private func metrics() -> [UInt8] {
        var writer = JSONWriter()
        writer.open("{")
        for (key, group) in Self.lastOnly(groups().map { ("\($0.kind.rawValue).\($0.name)", $0) }) {
            writer.name(key)
            writer.open("{")
            for (name, value) in Self.lastOnly(group.snapshot().map { ($0.name, $0.value) }) {
                writer.name(name)
                writer.string(value)
            }
            writer.close("}")
        }
        writer.close("}")
        return writer.bytes
    }

    /// The pairs in the order of their keys' first coming, each with its last value.
    private static func lastOnly<Value>(_ pairs: [(String, Value)]) -> [(String, Value)] {
        var places: [String: Int] = [:]
        var result: [(String, Value)] = []
        for pair in pairs {
            if let place = places[pair.0] {
                result[place] = pair
            } else {
                places[pair.0] = result.count
                result.append(pair)
            }
        }
        return result
    }

    private static func status(_ status: String, reasons: [String] = []) -> [UInt8] {
        var writer = JSONWriter()
        writer.open("{")
        writer.name("status")
        writer.string(status)
        if !reasons.isEmpty {
            writer.name("reasons")
            writer.open("[")
            for reason in reasons { writer.string(reason) }
            writer.close("]")
        }
        writer.close("}")
        return writer.bytes
    }

    /// The path of a request target in origin form (`/metrics?x`) or absolute form (`http://host/metrics`), RFC 9112
    /// section 3.2.
    static func path(of target: String) -> Substring {
        var path = target.prefix { $0 != "?" && $0 != "#" }
        if !path.hasPrefix("/"), let scheme = path.utf8.firstRange(of: "://".utf8) {
            path = path[scheme.upperBound...].drop { $0 != "/" }
            if path.isEmpty { path = "/" }
        }
        return path
    }
}
