import NIOCore
import NIOPosix

@testable import Agent

/// A running monitoring server on a free port of 127.0.0.1, stopped behind `body`.
func withMonitoring(
    groups: [CounterGroup] = [],
    notReady: [String] = [],
    limits: MonitoringLimits = MonitoringLimits(),
    host: String? = "127.0.0.1",
    body: (Int) async throws -> Void
) async throws {
    let server = MonitoringServer(
        group: MultiThreadedEventLoopGroup.singleton,
        groups: { groups },
        notReady: { notReady },
        limits: limits
    )
    let port = try await server.start(host: host, port: 0)
    do {
        try await body(port)
    } catch {
        await server.stop()
        throw error
    }
    await server.stop()
}
