import AvroRPC
import Events
import Logging
import NIOCore
import Testing

@testable import Agent

@Suite("avro source", .serialized, .timeLimit(.minutes(1)))
struct AvroSourceTests {
    private func start(_ harness: Harness, _ values: [String: String] = [:]) async throws -> AvroSource {
        let source = try AvroSource(harness.source(["bind": "127.0.0.1", "port": "0"].merging(values) { $1 }))
        try await source.start()
        return source
    }

    private func stop(_ source: AvroSource) async {
        await source.quiesce()
        await source.stop(deadline: .now())
    }

    private static func batch(_ count: Int, bytes: Int = 10) -> EventBatch {
        Harness.batch((0..<count).map { _ in String(repeating: "x", count: bytes) })
    }

    private func counter(_ harness: Harness, _ name: String) -> Int {
        harness.counters.group.snapshot().first { $0.name == name }.flatMap { Int($0.value) } ?? -1
    }

    // MARK: Keys

    private static func limits(_ values: [String: String]) throws -> RPCLimits {
        try AvroLimitKeys.limits(ComponentSettings(kind: .source, name: "s", prefix: "a.sources.s.", values))
    }

    static let keys: [(key: String, value: String, read: @Sendable (RPCLimits) -> Int?)] = [
        ("window", "3", { $0.calls }), ("max-call-bytes", "1000", { $0.callBytes }),
        ("max-frame-bytes", "2000", { $0.frameBytes }), ("max-frame-buffers", "30", { $0.frameBuffers }),
        ("max-batch-events", "40", { $0.events.events }), ("max-event-headers", "50", { $0.events.headers }),
        ("max-header-bytes", "60", { $0.events.headerBytes }), ("max-body-bytes", "70", { $0.events.bodyBytes }),
        ("max-inflated-bytes", "8000", { $0.inflatedBytes }), ("max-queued-bytes", "9000", { $0.queuedBytes }),
        ("handshake-timeout", "1100", { Int($0.handshakeTime.nanoseconds / 1_000_000) }),
        ("frame-timeout", "1200", { $0.frameTime.map { Int($0.nanoseconds / 1_000_000) } }),
        ("idle-timeout", "1300", { $0.idleTime.map { Int($0.nanoseconds / 1_000_000) } }),
        ("reply-timeout", "1400", { $0.replyTime.map { Int($0.nanoseconds / 1_000_000) } }),
        ("max-connections", "15", { $0.connections }),
        ("max-connections-per-address", "16", { $0.connectionsPerAddress }),
    ]

    @Test("Each key sets its limit and no other") func everyKey() throws {
        #expect(try Self.limits([:]) == RPCLimits())
        #expect(Set(Self.keys.map(\.key)) == Set(AvroLimitKeys.all.map(\.name)))
        for (key, value, read) in Self.keys {
            let limits = try Self.limits([key: value])
            #expect(read(limits) == Int(value), "\(key)")
            for other in Self.keys where other.key != key {
                #expect(other.read(limits) == other.read(RPCLimits()), "\(key) and \(other.key)")
            }
            for bad in ["-1", "x", "99999999999"] {
                let fault = #expect(throws: ConfigurationFault.self) { try Self.limits([key: bad]) }
                #expect(fault?.message.contains("a.sources.s.\(key)") == true)
            }
        }
    }

    @Test("0 is no limit where a limit may be missing") func zero() throws {
        let limits = try Self.limits([
            "frame-timeout": "0", "idle-timeout": "0", "reply-timeout": "0", "max-connections": "0",
            "max-connections-per-address": "0",
        ])
        #expect(limits.frameTime == nil && limits.idleTime == nil && limits.replyTime == nil)
        #expect(limits.connections == nil && limits.connectionsPerAddress == nil)
        for key in ["window", "max-frame-bytes", "max-batch-events", "handshake-timeout"] {
            #expect(throws: ConfigurationFault.self) { try Self.limits([key: "0"]) }
        }
    }

    // MARK: ipFilter

    @Test(
        "Bad rules are faults with their place",
        arguments: [
            ("", nil), ("permit:ip:*", 20), ("allow:ip:*,deny:addr:*", 31), ("allow:ip:é*, deny:*", 33),
        ]
    )
    func badRules(rules: String, column: Int?) {
        let place = SourceLocation(file: "f", line: 7, column: 20)
        func setting(_ value: String) -> Setting {
            Setting(value: value, keyLocation: place, location: place, isVerbatim: true)
        }
        var values = ["ipFilter": setting("true")]
        if !rules.isEmpty { values["ipFilterRules"] = setting(rules) }
        let settings = ComponentSettings(
            kind: .source,
            name: "s",
            type: "avro",
            className: "",
            prefix: "a.sources.s.",
            location: nil,
            values: values
        )
        let fault = #expect(throws: ConfigurationFault.self) { try AddressFilterKeys.rules(settings) }
        #expect(fault?.message.contains("ipFilterRules") == true)
        #expect(fault?.location?.column == column)
    }

    @Test(
        "A denied address is refused and counted",
        arguments: [
            ("true", "deny:ip:127.*", false), ("true", "allow:name:localhost,deny:ip:*", true),
            ("false", "deny:ip:*", true), ("yes", "deny:ip:*", true),
        ]
    )
    func filter(isOn: String, rules: String, isAllowed: Bool) async throws {
        let harness = Harness()
        let source = try await start(harness, ["ipFilter": isOn, "ipFilterRules": rules])
        let peer = try await AvroPeer.connect(source.boundPort)
        peer.push(Self.batch(1), serial: 1)
        if isAllowed {
            #expect(await peer.waitFor(1) == [1: .ok])
        } else {
            #expect(await Harness.eventually { !peer.isOpen })
        }
        #expect(counter(harness, "RejectedAddressCount") == (isAllowed ? 0 : 1))
        await peer.close()
        await stop(source)
    }

    // MARK: Breaches

    @Test("Each class has its counter; a flood of one is one line") func breaches() async throws {
        let harness = Harness()
        let source = try await start(harness, ["max-body-bytes": "100", "max-event-headers": "1"])
        for breach in RPCBreach.allCases { #expect(counter(harness, breach.counterName) == 0, "\(breach)") }
        for _ in 0..<30 {
            let peer = try await AvroPeer.connect(source.boundPort)
            peer.push(Self.batch(1, bytes: 101), serial: 1)
            #expect(await Harness.eventually { !peer.isOpen })
            #expect(peer.replies == [1: .error])
        }
        let other = try await AvroPeer.connect(source.boundPort)
        other.push(Harness.batch([Event(headers: ["a": "1", "b": "2"], body: "x")]), serial: 1)
        #expect(await other.waitFor(1) == [1: .error])
        #expect(counter(harness, "RejectedBodyBytesCount") == 30)
        #expect(counter(harness, "RejectedEventHeadersCount") == 1)
        #expect(counter(harness, "ConnectionFailedCount") == 31)
        let lines = harness.log.lines.filter { $0.message == "connection closed" }
        #expect(lines.map { "\($0.metadata["breach"] ?? "")" } == ["BodyBytes", "EventHeaders"])
        #expect(harness.channel.size == 0)
        await stop(source)
    }

    @Test("A call that cannot be read is counted, and its connection goes on") func malformedCall() async throws {
        let harness = Harness()
        let source = try await start(harness)
        let peer = try await AvroPeer.connect(source.boundPort)
        peer.push(Self.batch(1), serial: 1)
        #expect(await peer.waitFor(1) == [1: .ok])
        peer.push([0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 2])
        #expect(await peer.waitFor(2) == [1: .ok, 2: .error])
        peer.push(Self.batch(1), serial: 3)
        #expect(await peer.waitFor(3) == [1: .ok, 2: .error, 3: .ok])
        #expect(counter(harness, "RejectedCallHeadCount") == 1)
        #expect(counter(harness, "ConnectionFailedCount") == 0)
        await peer.close()
        await stop(source)
    }

    // MARK: Batches larger than the channel

    @Test("A batch larger than the channel is admitted alone, when it is empty") func oversized() async throws {
        let harness = Harness(capacity: 10, keepAlive: .seconds(30))
        let source = try await start(harness)
        let peer = try await AvroPeer.connect(source.boundPort)
        peer.push(Self.batch(6), serial: 1)
        #expect(await peer.waitFor(1) == [1: .ok])
        peer.push(Self.batch(25), serial: 2)
        #expect(await Harness.eventually { counter(harness, "OversizedBatchCount") == 1 })
        try await Task.sleep(for: .milliseconds(200))
        #expect(harness.channel.size == 6)
        #expect(peer.replies == [1: .ok])
        // Emptied, the whole batch comes in, and nothing beside it.
        #expect(await harness.drain(6).count == 6)
        #expect(await peer.waitFor(2) == [1: .ok, 2: .ok])
        #expect(harness.channel.size == 25)
        peer.push(Self.batch(1), serial: 3)
        try await Task.sleep(for: .milliseconds(200))
        #expect(peer.replies.count == 2)
        #expect(await harness.drain(25).count == 25)
        #expect(await peer.waitFor(3)[3] == .ok)
        #expect(counter(harness, "OversizedBatchCount") == 1)
        #expect(harness.log.messages.filter { $0.contains("larger than a channel") }.count == 1)
        await peer.close()
        await stop(source)
    }

    // MARK: Back-pressure

    /// Many senders that never pause, and nobody takes: what is held stays within the window of each, all are answered
    /// FAILED after the keep-alive, and what they tried is counted.
    @Test("A full channel slows its senders and never grows") func fullChannel() async throws {
        let harness = Harness(capacity: 10, keepAlive: .milliseconds(400))
        let source = try await start(harness, ["window": "2"])
        var peers: [AvroPeer] = []
        for _ in 0..<4 {
            let peer = try await AvroPeer.connect(source.boundPort)
            for serial in Int32(1)...30 { peer.push(Self.batch(5, bytes: 10_000), serial: serial) }
            peers.append(peer)
        }
        var most = 0
        for _ in 0..<60 {
            try await Task.sleep(for: .milliseconds(20))
            most = max(most, counter(harness, "HeldBytes"))
            #expect(harness.channel.size <= 10)
        }
        // Two calls of 50 kB for each, and what one read from the socket brought beside them.
        #expect(most <= 4 * (2 * 51_000 + (1 << 20)))
        #expect(most > 4 * 51_000)
        #expect(harness.channel.size == 10)
        let answers = peers.flatMap { $0.replies.values }
        #expect(answers.filter { $0 == .ok }.count == 2)
        #expect(answers.contains(.failed))
        #expect(answers.count < 4 * 30)
        // Room again: those that wait get it, in order.
        let taken = Task { await harness.drain(10) }
        #expect(await taken.value.count == 10)
        #expect(await Harness.eventually { peers.flatMap { $0.replies.values }.filter { $0 == .ok }.count >= 4 })
        let attempts = harness.channelCounters.eventPutAttempt.value
        let successes = harness.channelCounters.eventPutSuccess.value
        let failed = peers.flatMap { $0.replies.values }.filter { $0 == .failed }.count
        #expect(attempts >= successes + 5 * failed)
        for peer in peers { await peer.close() }
        await stop(source)
    }

    /// The waits of one channel hold no loop: with more senders stuck than there are loops, another source on the same
    /// loops answers at once.
    @Test("Stuck senders stop nobody else") func stuckSenders() async throws {
        let stuck = Harness(capacity: 10, keepAlive: .seconds(50))
        let free = Harness()
        let (one, other) = (try await start(stuck), try await start(free))
        var waiting: [AvroPeer] = []
        for _ in 0..<8 {
            let peer = try await AvroPeer.connect(one.boundPort)
            for serial in Int32(1)...20 { peer.push(Self.batch(10), serial: serial) }
            waiting.append(peer)
        }
        #expect(await Harness.eventually { stuck.channel.size == 10 })
        let good = try await AvroPeer.connect(other.boundPort)
        let began = ContinuousClock.now
        for serial in Int32(1)...200 {
            good.push(Self.batch(10), serial: serial)
            #expect(await good.waitFor(Int(serial), .seconds(20)).count == Int(serial))
        }
        #expect(.now - began < .seconds(20))
        #expect(waiting.flatMap { $0.replies.values }.count <= 1)
        for peer in waiting + [good] { await peer.close() }
        await stop(one)
        await stop(other)
    }
}
