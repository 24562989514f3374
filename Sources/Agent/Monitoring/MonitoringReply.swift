internal import NIOHTTP1

/// What the monitoring server answers; the framing is the handler's.
struct MonitoringReply: Sendable, Hashable {
    /// As Flume's `HTTPMetricsServer` sends it.
    static let json = "application/json;charset=utf-8"
    static let html = "text/html;charset=utf-8"
    static let text = "text/plain;charset=utf-8"

    var status: HTTPResponseStatus
    var contentType: String
    var body: [UInt8]

    init(_ status: HTTPResponseStatus, _ contentType: String, _ body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// A reply that says its own status, for what is refused.
    static func refusal(_ status: HTTPResponseStatus) -> MonitoringReply {
        MonitoringReply(status, text, Array("\(status.code) \(status.reasonPhrase)\n".utf8))
    }
}
