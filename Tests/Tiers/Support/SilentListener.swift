import NIOCore
import NIOPosix

/// A TCP server that accepts and never says a word.
struct SilentListener: Sendable {
    let port: Int
    private let channel: any Channel

    static func start() async throws -> SilentListener {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        return SilentListener(port: channel.localAddress?.port ?? 0, channel: channel)
    }

    func close() async throws { try await channel.close() }
}
