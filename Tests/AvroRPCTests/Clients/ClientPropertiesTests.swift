import NIOCore
import Testing

@testable import AvroRPC

@Suite struct ClientPropertiesTests {
    private static let two = ["hosts": "h1 h2", "hosts.h1": "a:1", "hosts.h2": "b:2"]

    private func plan(_ more: [String: String]) throws(RPCPropertyFault) -> RPCClientPlan {
        try RPCClientPlan(properties: Self.two.merging(more) { $1 })
    }

    @Test func defaults() throws {
        let plan = try plan([:])
        #expect(plan.kind == .single)
        #expect(plan.hosts == [RPCEndpoint(host: "a", port: 1)])
        #expect(plan.batchSize == 100)
        #expect(plan.settings == RPCClientSettings())
        #expect(plan.life == ConnectionLife())
    }

    @Test func values() throws {
        let plan = try plan([
            "client.type": "DEFAULT_FAILOVER", "batch-size": " 7 ", "connect-timeout": "1000",
            "request-timeout": "1500",
            "max-attempts": "5", "reset-connection-interval": "30", "max-connection-age": "60", "window": "3",
            "ping-timeout": "4000", "acknowledge-timeout": "9", "something.else": "x",
        ])
        #expect(plan.kind == .failover(attempts: 5))
        #expect(plan.hosts == [RPCEndpoint(host: "a", port: 1), RPCEndpoint(host: "b", port: 2)])
        #expect(plan.batchSize == 7)
        #expect(plan.settings.connectTimeout == .seconds(1))
        #expect(plan.settings.requestTimeout == .milliseconds(1500))
        #expect(plan.settings.pingTimeout == .seconds(4))
        #expect(plan.settings.acknowledgeTimeout == .milliseconds(9))
        #expect(plan.settings.window == 3)
        #expect(plan.life == ConnectionLife(reset: .seconds(30), greatestAge: .seconds(60)))
    }

    /// Where Flume goes on with the default.
    @Test func valuesThatMeanTheDefault() throws {
        let plan = try plan([
            "client.type": "default_failover", "batch-size": "0", "connect-timeout": "999", "request-timeout": "-1",
            "max-attempts": "0", "reset-connection-interval": "0",
        ])
        #expect(plan.kind == .failover(attempts: 2))
        #expect(plan.batchSize == 100)
        #expect(plan.settings == RPCClientSettings())
        #expect(plan.life == ConnectionLife())
    }

    @Test func compression() throws {
        #expect(try plan(["compression-type": "none"]).settings.compression == nil)
        #expect(try plan(["compression-type": "Deflate"]).settings.compression == RPCCompression())
        let all = ["compression-type": "deflate", "compression-level": "1", "compression-order": "inside-tls"]
        #expect(try plan(all).settings.compression == RPCCompression(level: 1, order: .insideTLS))
    }

    @Test func balancing() throws {
        let type = ["client.type": "default_loadbalance"]
        let second = Backoff(base: .seconds(1), maximum: .seconds(30))
        #expect(try plan(type).kind == .loadBalance(.roundRobin, backoff: nil))
        #expect(try plan(type.merging(["host-selector": "Random"]) { $1 }).kind == .loadBalance(.random, backoff: nil))
        for most in ["0", "30000"] {
            let kind = try plan(type.merging(["backoff": "TRUE", "maxBackoff": most]) { $1 }).kind
            #expect(kind == .loadBalance(.roundRobin, backoff: second))
        }
    }

    @Test(arguments: [
        (["client.type": "thrift"], "client.type"), (["client.type": "com.example.Client"], "client.type"),
        (["client.type": "default_loadbalance", "hosts": "h1"], "hosts"),
        (["client.type": "default_loadbalance", "hosts": "h1 h9"], "hosts"),
        (["client.type": "default_loadbalance", "host-selector": "STICKY"], "host-selector"),
        (["client.type": "default_loadbalance", "maxBackoff": "5000"], "maxBackoff"),
        (["hosts": "h8 h9"], "hosts"), (["hosts": ""], "hosts"), (["hosts.h1": "a"], "hosts.h1"),
        (["hosts.h1": "a:b:1"], "hosts.h1"), (["hosts.h1": "a:0"], "hosts.h1"), (["hosts.h1": ":1"], "hosts.h1"),
        (["batch-size": "ten"], "batch-size"), (["batch-size": "10k"], "batch-size"), (["window": "0"], "window"),
        (["acknowledge-timeout": "0"], "acknowledge-timeout"),
        (["compression-level": "10"], "compression-level"), (["compression-order": "x"], "compression-order"),
    ])
    func faults(properties: [String: String], key: String) {
        let fault = #expect(throws: RPCPropertyFault.self) { try plan(properties) }
        #expect(fault?.key == key)
        let error = #expect(throws: RPCError.self) {
            try RPCClient(properties: Self.two.merging(properties) { $1 })
        }
        #expect(error?.code == .configuration)
        #expect(error?.message.hasPrefix("`\(key)`: ") == true)
    }

    @Test func addresses() {
        #expect(RPCEndpoint("[::1]:41")?.host == "::1")
        #expect(RPCEndpoint("[::1]:41")?.description == "[::1]:41")
        #expect(RPCEndpoint("::1:41") == nil)
        #expect(RPCEndpoint(host: "[fe80::1]", port: 1) == RPCEndpoint(host: "fe80::1", port: 1))
    }

    @Test func theFirstHostOfASink() throws {
        let first = RPCEndpoint(host: "s", port: 9)
        #expect(try RPCClientPlan(properties: [:], first: first).hosts == [first])
        let properties = ["hosts": "h1 h2", "hosts.h2": "b:2", "client.type": "default_failover"]
        let hosts = try RPCClientPlan(properties: properties, first: first).hosts
        #expect(hosts == [first, RPCEndpoint(host: "b", port: 2)])
    }
}
