/// How much a batch from outside may hold. Checked while its bytes are walked, before anything is reserved for it.
public struct EventLimits: Hashable, Sendable {
    /// Events of one batch. Flume has no limit; its batches are a channel's transaction, 100 to some ten thousand.
    public var events = 1 << 20
    /// Headers of one event.
    public var headers = 1 << 16
    /// Bytes of one event's header map, its counts and lengths included.
    public var headerBytes = 16 << 20
    /// Bytes of one event's body.
    public var bodyBytes = 64 << 20

    public init() {}

    /// As much as the bytes hold.
    public static let none: EventLimits = {
        var limits = EventLimits()
        limits.events = .max
        limits.headers = .max
        limits.headerBytes = .max
        limits.bodyBytes = .max
        return limits
    }()
}
