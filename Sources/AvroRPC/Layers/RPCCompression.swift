/// How a client's connection is compressed (Flume's `compression-type = deflate`): one zlib stream (RFC 1950) each way
/// for the connection's life. Nothing on the wire says so: both ends have to be set alike.
public struct RPCCompression: Hashable, Sendable {
    /// Which comes first on the wire where a connection has both layers.
    public enum Order: String, CaseIterable, Hashable, Sendable {
        /// zlib(TLS(frames)): Flume 1.10 and 1.11 (captured). Compresses cipher text, which gains nothing.
        case outsideTLS = "outside-tls"
        /// TLS(zlib(frames)): Flume up to 1.9.
        case insideTLS = "inside-tls"
    }

    /// zlib's levels: 0 only stores, 1 is fastest, 9 smallest.
    public static let levels = 0...9
    /// Flume's default, and what its source always answers with.
    public static let defaultLevel = 6

    /// Clamped to `levels`.
    public var level: Int { didSet { level = Self.clamped(level) } }
    public var order: Order

    public init(level: Int = defaultLevel, order: Order = .outsideTLS) {
        self.level = Self.clamped(level)
        self.order = order
    }

    private static func clamped(_ level: Int) -> Int { min(max(level, levels.lowerBound), levels.upperBound) }
}
