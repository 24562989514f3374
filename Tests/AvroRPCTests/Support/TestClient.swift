import AvroRPC
import Events
import NIOCore
import NIOPosix
import Secure

/// A client connection of ours with its events written down.
struct TestClient: Sendable {
    enum Seen: Hashable, Sendable {
        /// `nil`: delivered.
        case settled(UInt64, RPCError.Code?)
        case pong
        case stray(Int32)
        case closed(RPCError.Code)
    }

    let handler: NIOLoopBound<RPCClientHandler>
    let loop: any EventLoop
    let seen: Watched<[Seen]>
    let messages: Watched<[String]>

    static func connect(
        _ port: Int?,
        host: String = "127.0.0.1",
        tls: TLSContext? = nil,
        settings: RPCClientSettings = RPCClientSettings()
    ) async throws -> TestClient {
        let seen = Watched<[Seen]>([])
        let messages = Watched<[String]>([])
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let handler = try await RPCClientConnection.connect(
            host: host,
            port: port ?? 0,
            tls: tls,
            settings: settings,
            on: loop,
            events: { event in
                switch event {
                case .settled(let number, .success):
                    seen.change { $0.append(.settled(number, nil)) }
                case .settled(let number, .failure(let error)):
                    messages.change { $0.append(error.message) }
                    seen.change { $0.append(.settled(number, error.code)) }
                case .pong:
                    seen.change { $0.append(.pong) }
                case .stray(let serial):
                    seen.change { $0.append(.stray(serial)) }
                case .closed(let error):
                    messages.change { $0.append(error.message) }
                    seen.change { $0.append(.closed(error.code)) }
                }
            }
        ).get()
        return TestClient(handler: handler, loop: loop, seen: seen, messages: messages)
    }

    private func onLoop<Value: Sendable>(_ body: @escaping @Sendable (RPCClientHandler) -> Value) async throws -> Value
    {
        let handler = handler
        return try await loop.submit { body(handler.value) }.get()
    }

    func send(_ number: UInt64, _ batch: EventBatch = .small(), deadline: NIODeadline? = nil) async throws {
        try await onLoop { $0.send(batch, number: number, deadline: deadline) }
    }

    /// Sends where the connection takes it; false where it has ended.
    func sendIfThereIsRoom(_ number: UInt64, _ batch: EventBatch) async throws -> Bool {
        try await onLoop { handler in
            guard handler.hasRoom(for: batch) else { return false }
            handler.send(batch, number: number, deadline: nil)
            return true
        }
    }

    func hasRoom(for batch: EventBatch = .small()) async throws -> Bool { try await onLoop { $0.hasRoom(for: batch) } }
    func inFlight() async throws -> Int { try await onLoop { $0.inFlight } }
    func peer() async throws -> PeerDescription? { try await onLoop { $0.peer } }
    func ping() async throws { try await onLoop { $0.ping() } }
    func closeWhenIdle() async throws { try await onLoop { $0.closeWhenIdle() } }
    func close() async throws { try await onLoop { $0.close() } }

    /// The first `count` events but strays; fewer where they did not come.
    func outcomes(_ count: Int) async -> [Seen] {
        @Sendable func outcomes(_ seen: [Seen]) -> [Seen] {
            seen.filter { if case .stray = $0 { false } else { true } }
        }
        return outcomes(await seen.wait { outcomes($0).count >= count })
    }

    /// The first `count` events; fewer where they did not come.
    func events(_ count: Int) async -> [Seen] { await seen.wait { $0.count >= count } }
}

extension EventBatch {
    static func small(_ body: String = "hello", count: Int = 1) -> EventBatch {
        var builder = EventBatchBuilder()
        for _ in 0..<count { builder.append(headers: ["host": "a"], body: ByteBuffer(string: body)) }
        return builder.finish()
    }
}

extension RPCClientSettings {
    /// Waits that a test can wait for.
    static func hasty(connect: TimeAmount = .seconds(5), request: TimeAmount = .seconds(20)) -> RPCClientSettings {
        var settings = RPCClientSettings()
        settings.connectTimeout = connect
        settings.requestTimeout = request
        return settings
    }
}
