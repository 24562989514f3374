import Events
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import AvroRPC

/// Names and their addresses.
@Suite(.timeLimit(.minutes(1))) struct AddressTests {
    /// A listening socket whose queue is full: who connects hears nothing.
    private final class BlackHole {
        private let listener: any Channel
        private let fillers: [any Channel]
        let port: Int

        private init(_ listener: any Channel, _ fillers: [any Channel], _ port: Int) {
            (self.listener, self.fillers, self.port) = (listener, fillers, port)
        }

        static func dig(_ host: String, _ port: Int) async throws -> BlackHole {
            let group = MultiThreadedEventLoopGroup.singleton
            let listener = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 0)
                .serverChannelOption(.autoRead, value: false)
                .bind(host: host, port: port).get()
            var fillers: [any Channel] = []
            let bootstrap = ClientBootstrap(group: group).connectTimeout(.milliseconds(300))
            while let filler = try? await bootstrap.connect(host: host, port: port).get() {
                fillers.append(filler)
                guard fillers.count < 50 else { break }
            }
            return BlackHole(listener, fillers, port)
        }

        func fill() async {
            for filler in fillers { try? await filler.close() }
            try? await listener.close()
        }
    }

    /// An address that is taken and where nobody listens: who connects is refused.
    private final class DeadEnd {
        private let descriptor: CInt

        /// Nil where somebody has it.
        init?(_ address: SocketAddress) {
            descriptor = socket(address.protocol == .inet6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            let isFree = address.withSockAddr { bind(descriptor, $0, socklen_t($1)) == 0 }
            guard descriptor >= 0, isFree else { return nil }
        }

        deinit { close(descriptor) }
    }

    private func client(_ hosts: String, _ port: Int, _ book: AddressBook) -> RPCClient {
        var plan = RPCClientPlan(kind: .single, hosts: [RPCEndpoint(host: hosts, port: port)])
        plan.settings.connectTimeout = .seconds(15)
        return RPCClient(plan, tls: { nil }, addresses: book, group: MultiThreadedEventLoopGroup.singleton)
    }

    /// The second address of a name serves where nobody listens at the first.
    @Test(arguments: [["127.0.0.2", "127.0.0.1"], ["::1", "127.0.0.1"], ["127.0.0.2", "::1", "127.0.0.1"]])
    func aDeadFirstAddress(addresses: [String]) async throws {
        var rig = try await ClientRig.start(1)
        func block() throws -> [DeadEnd?] {
            try addresses.dropLast().map {
                DeadEnd(try SocketAddress(ipAddress: $0, port: rig.servers[0].port ?? 0))
            }
        }
        // A server of another test may have the same port at another address.
        var ends = try block()
        while ends.contains(where: { $0 == nil }) {
            await rig.stop()
            rig = try await ClientRig.start(1)
            ends = try block()
        }
        defer { withExtendedLifetime(ends) {} }
        let port = rig.servers[0].port ?? 0
        let book = AddressBook { _, port in try addresses.map { try SocketAddress(ipAddress: $0, port: port) } }
        let client = client("collectors.test", port, book)
        try await client.append(Event(body: "x"))
        #expect(rig.calls == [1])
        await client.close()
        await rig.stop()
    }

    /// … and where the first one is silent: well before its time-out.
    @Test func aSilentFirstAddress() async throws {
        let rig = try await ClientRig.start(1)
        let port = rig.servers[0].port ?? 0
        let hole = try await BlackHole.dig("127.0.0.2", port)
        let book = AddressBook { _, port in
            try ["127.0.0.2", "127.0.0.1"].map { try SocketAddress(ipAddress: $0, port: port) }
        }
        let client = client("collectors.test", port, book)
        let start = NIODeadline.now()
        try await client.append(Event(body: "x"))
        #expect(NIODeadline.now() - start < .seconds(10))
        #expect(rig.calls == [1])
        await client.close()
        await hole.fill()
        await rig.stop()
    }

    /// The time-out is for all of them together.
    @Test func allAddressesAreSilent() async throws {
        let hole = try await BlackHole.dig("127.0.0.2", 0 + (try await ClientRig.freePort()))
        let book = AddressBook { _, port in
            try ["127.0.0.2", "127.0.0.2", "127.0.0.2"].map { try SocketAddress(ipAddress: $0, port: port) }
        }
        var plan = RPCClientPlan(kind: .single, hosts: [RPCEndpoint(host: "collectors.test", port: hole.port)])
        plan.settings.connectTimeout = .milliseconds(1500)
        let client = RPCClient(plan, tls: { nil }, addresses: book, group: MultiThreadedEventLoopGroup.singleton)
        let start = NIODeadline.now()
        let error = await failure { () throws(RPCError) in try await client.append(Event(body: "x")) }
        #expect(error?.message == "cannot connect to collectors.test:\(hole.port): no answer in time")
        #expect(NIODeadline.now() - start < .seconds(4))
        await client.close()
        await hole.fill()
    }

    @Test(arguments: ["::1", "[::1]"]) func aLiteralAddress(host: String) async throws {
        let service = RecordingService()
        let server = RPCServer(
            service: service,
            layers: ServerLayers(),
            limits: RPCLimits(),
            group: MultiThreadedEventLoopGroup.singleton
        )
        try await server.start(host: "::1", port: 0)
        let client = client(host, server.port ?? 0, AddressBook())
        try await client.append(Event(body: "x"))
        #expect(service.log.now.calls.count == 1)
        await client.close()
        let other = try RPCClient(properties: ["hosts": "h1", "hosts.h1": "[::1]:\(server.port ?? 0)"])
        try await other.append(Event(body: "x"))
        await other.close()
        await server.stop(deadline: .now())
    }

    @Test func aNameOfTheSystem() async throws {
        let rig = try await ClientRig.start(1)
        let client = client("localhost", rig.servers[0].port ?? 0, AddressBook())
        try await client.append(Event(body: "x"))
        await client.close()
        await rig.stop()
    }

    @Test func aNameThatDoesNotResolve() async throws {
        let client = client("no-such-host.invalid", 1, AddressBook())
        let error = await failure { () throws(RPCError) in try await client.append(Event(body: "x")) }
        #expect(error?.message == "cannot connect to no-such-host.invalid:1: the name does not resolve")
        await client.close()
    }

    /// Asked again for each connection, but not within the floor; failures count as answers.
    @Test func theFloor() async throws {
        let asked = Mutex(0)
        let lookup: AddressBook.Lookup = { _, port in
            let number = asked.withLock { asked in
                asked += 1
                return asked
            }
            if number == 1 { throw RPCError(.cannotConnect, "away") }
            return [try SocketAddress(ipAddress: "127.0.0.1", port: port)]
        }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let floored = AddressBook(floor: .hours(1), lookup: lookup)
        for _ in 0..<3 {
            await #expect(throws: RPCError.self) { try await floored.addresses(host: "a", port: 1, on: loop).get() }
        }
        #expect(asked.withLock { $0 } == 1)
        #expect(try await floored.addresses(host: "b", port: 1, on: loop).get().count == 1)
        #expect(asked.withLock { $0 } == 2)
        let open = AddressBook(floor: .zero, lookup: lookup)
        for _ in 0..<3 { _ = try await open.addresses(host: "a", port: 1, on: loop).get() }
        #expect(asked.withLock { $0 } == 5)
    }
}
