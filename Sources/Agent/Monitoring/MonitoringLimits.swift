package import NIOCore

/// What a client of the monitoring server may use. The server is for a scraper and a few people: small numbers, so that
/// nobody who reaches the port can take the agent's memory or descriptors.
package struct MonitoringLimits: Sendable {
    /// Connections at a time; more are closed at once.
    package var connections = 64
    /// How long a client may take to send a whole request, and to take a whole reply.
    package var idle = TimeAmount.seconds(10)
    /// Bytes of a request's target and headers.
    package var head = 8 * 1024
    /// Bytes of replies that the kernel keeps for a client that does not read.
    package var sendBuffer = 128 * 1024
    /// How long a connection that is closed after an error stays half open, so that the client can read why.
    package var linger = TimeAmount.seconds(1)

    package init() {}
}
