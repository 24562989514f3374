import NIOCore
import NIOPosix
import Synchronization

/// A TCP relay to a port of the loopback interface that cuts one connection after a number of bytes.
package final class CuttingProxy: Sendable {
    package enum Direction: Sendable, CaseIterable {
        /// From the client to the server.
        case up
        case down
    }

    package struct Cut: Hashable, Sendable {
        package var direction: Direction
        /// Bytes that pass; at once behind the last of them both sides are closed. With 0 the first byte that comes cuts.
        package var after: Int

        package init(_ direction: Direction, after: Int) {
            self.direction = direction
            self.after = after
        }
    }

    /// What passed.
    package struct Seen: Sendable {
        package var up = 0
        package var down = 0
        package var connections = 0
        package var cuts = 0
    }

    private struct State {
        var armed: Cut?
        var seen = Seen()
    }

    private final class Owner: Sendable {
        let state = Mutex(State())
    }

    private final class Pair {
        var isCut = false
    }

    private final class Relay: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let owner: Owner
        private let direction: Direction
        private let pair: Pair
        private let partner: any Channel
        private var allowed: Int?

        init(_ owner: Owner, _ direction: Direction, _ pair: Pair, _ partner: any Channel, _ allowed: Int?) {
            self.owner = owner
            self.direction = direction
            self.pair = pair
            self.partner = partner
            self.allowed = allowed
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !pair.isCut else { return }
            var bytes = unwrapInboundIn(data)
            let isLast = allowed.map { bytes.readableBytes >= $0 } ?? false
            if let allowed {
                bytes = bytes.readSlice(length: min(allowed, bytes.readableBytes)) ?? bytes
                self.allowed = allowed - bytes.readableBytes
            }
            let count = bytes.readableBytes
            owner.state.withLock { state in
                if direction == .up { state.seen.up += count } else { state.seen.down += count }
                if isLast { state.seen.cuts += 1 }
            }
            guard isLast else {
                partner.writeAndFlush(bytes, promise: nil)
                return
            }
            pair.isCut = true
            let (here, there) = (context.channel, partner)
            there.writeAndFlush(bytes).whenComplete { _ in
                there.close(promise: nil)
                here.close(promise: nil)
            }
        }
        func channelInactive(context: ChannelHandlerContext) { partner.close(promise: nil) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let listener: any Channel
    private let owner: Owner

    private init(_ listener: any Channel, _ owner: Owner) {
        self.listener = listener
        self.owner = owner
    }

    package var port: Int { listener.localAddress?.port ?? 0 }
    package var seen: Seen { owner.state.withLock { $0.seen } }

    package static func start(to port: Int) async throws -> CuttingProxy {
        let owner = Owner()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { client in
                let cut = owner.state.withLock { state -> Cut? in
                    state.seen.connections += 1
                    defer { state.armed = nil }
                    return state.armed
                }
                @Sendable func allowed(_ direction: Direction) -> Int? {
                    cut?.direction == direction ? cut?.after : nil
                }
                return ClientBootstrap(group: client.eventLoop)
                    .channelOption(.autoRead, value: false)
                    .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .connect(host: "127.0.0.1", port: port)
                    .flatMapThrowing { server in
                        let pair = Pair()
                        try client.pipeline.syncOperations.addHandler(
                            Relay(owner, .up, pair, server, allowed(.up))
                        )
                        try server.pipeline.syncOperations.addHandler(
                            Relay(owner, .down, pair, client, allowed(.down))
                        )
                        // The client's side reads once it is active.
                        for side in [client, server] {
                            try side.syncOptions?.setOption(.autoRead, value: true)
                        }
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return CuttingProxy(listener, owner)
    }

    /// The next connection is cut so; what was seen is forgotten.
    package func arm(_ cut: Cut?) {
        owner.state.withLock { state in
            state.armed = cut
            state.seen = Seen()
        }
    }

    package func stop() async { try? await listener.close() }
}
