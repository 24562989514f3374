internal import AvroRPC
internal import Events
internal import NIOCore

/// The keys of an Avro source that bound what its peers may do. No default refuses what Flume's senders send.
enum AvroLimitKeys {
    static let all = [
        "window", "max-call-bytes", "max-frame-bytes", "max-frame-buffers", "max-batch-events", "max-event-headers",
        "max-header-bytes", "max-body-bytes", "max-inflated-bytes", "max-queued-bytes", "handshake-timeout",
        "frame-timeout", "idle-timeout", "reply-timeout", "max-connections", "max-connections-per-address",
    ].map { KeySpec($0) }

    /// Bytes of a frame, a header map, a body: Avro's lengths in a frame are an `int`.
    private static let mostBytes = Int(Int32.max)

    static func limits(_ settings: ComponentSettings) throws(ConfigurationFault) -> RPCLimits {
        var limits = RPCLimits()
        func number(_ key: String, _ value: inout Int, min: Int = 1, max: Int = mostBytes) throws(ConfigurationFault) {
            value = try settings.int(key, default: value, min: min, max: max)
        }
        try number("window", &limits.calls, max: 1024)
        try number("max-call-bytes", &limits.callBytes)
        try number("max-frame-bytes", &limits.frameBytes, min: 1024)
        try number("max-frame-buffers", &limits.frameBuffers, min: 2)
        try number("max-batch-events", &limits.events.events)
        try number("max-event-headers", &limits.events.headers)
        try number("max-header-bytes", &limits.events.headerBytes)
        try number("max-body-bytes", &limits.events.bodyBytes)
        try number("max-inflated-bytes", &limits.inflatedBytes, min: 1024)
        try number("max-queued-bytes", &limits.queuedBytes, min: 1024)
        limits.handshakeTime = try time(settings, "handshake-timeout", limits.handshakeTime, min: 1) ?? .hours(1)
        limits.frameTime = try time(settings, "frame-timeout", limits.frameTime)
        limits.idleTime = try time(settings, "idle-timeout", limits.idleTime)
        limits.replyTime = try time(settings, "reply-timeout", limits.replyTime)
        limits.connections = try count(settings, "max-connections", limits.connections)
        limits.connectionsPerAddress = try count(settings, "max-connections-per-address", limits.connectionsPerAddress)
        return limits
    }

    /// Milliseconds; 0 is no limit.
    private static func time(
        _ settings: ComponentSettings,
        _ key: String,
        _ fallback: TimeAmount?,
        min: Int64 = 0
    ) throws(ConfigurationFault) -> TimeAmount? {
        let whole = (fallback?.nanoseconds ?? 0) / 1_000_000
        let value = try settings.int64(key, default: whole, min: min, max: Int64(Int32.max))
        return value == 0 ? nil : .milliseconds(value)
    }

    /// 0 is no limit.
    private static func count(
        _ settings: ComponentSettings,
        _ key: String,
        _ fallback: Int?
    ) throws(ConfigurationFault) -> Int? {
        let value = try settings.int(key, default: fallback ?? 0, min: 0)
        return value == 0 ? nil : value
    }
}
