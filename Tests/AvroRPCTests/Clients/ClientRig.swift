import Events
import NIOCore
import NIOPosix

@testable import AvroRPC

/// Real servers and a client of them by Flume's properties.
struct ClientRig {
    let services: [RecordingService]
    let servers: [RPCServer]

    /// One server for each rule; the client's `hosts` are h1, h2 … in their order.
    static func start(_ rules: [@Sendable (Int, RPCCall) -> RPCAnswer?]) async throws -> ClientRig {
        let services = rules.map { RecordingService(rule: $0) }
        var servers: [RPCServer] = []
        for service in services { servers.append(try await RPCServer.live(service)) }
        return ClientRig(services: services, servers: servers)
    }

    /// Servers that take all.
    static func start(_ count: Int) async throws -> ClientRig {
        try await start(Array(repeating: { _, _ in .ok }, count: count))
    }

    var properties: [String: String] { Self.properties(servers.map { $0.port ?? 0 }) }

    static func properties(_ ports: [Int]) -> [String: String] {
        var properties = ["hosts": ports.indices.map { "h\($0 + 1)" }.joined(separator: " ")]
        for (index, port) in ports.enumerated() { properties["hosts.h\(index + 1)"] = "127.0.0.1:\(port)" }
        return properties
    }

    func client(_ more: [String: String]) throws -> RPCClient {
        try RPCClient(properties: properties.merging(more) { $1 })
    }

    /// Calls that each server has had.
    var calls: [Int] { services.map { $0.log.now.calls.count } }

    /// The sizes of a server's calls.
    func sizes(_ index: Int) -> [Int] { services[index].log.now.calls.map(\.batch.count) }

    /// What each server has had, in the order of its calls.
    var bodies: [[String]] {
        services.map { $0.log.now.calls.flatMap { $0.batch.events.map { String(buffer: $0.body) } } }
    }

    func stop() async { for server in servers { await server.stop(deadline: .now()) } }

    static func events(_ count: Int) -> [Event] { (0..<count).map { Event(body: "\($0)") } }

    /// A port of the loopback interface that nobody listens on.
    static func freePort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close()
        return port
    }
}

/// What a call throws; `nil` where it does not.
func failure(_ call: () async throws(RPCError) -> Void) async -> RPCError? {
    do throws(RPCError) {
        try await call()
        return nil
    } catch {
        return error
    }
}
