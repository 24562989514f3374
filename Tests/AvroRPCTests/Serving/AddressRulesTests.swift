import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import AvroRPC

/// Rules, who knocks, and what becomes of it.
struct AddressCase: Sendable, CustomTestStringConvertible {
    var rules: String
    var address: String
    var facts: AddressRules.Facts?
    var decision: AddressRules.Decision
    var testDescription: String { "\(rules) \(address) \(facts?.name ?? "?")" }

    init(
        _ rules: String,
        _ address: String,
        name: String? = nil,
        isLocal: Bool = false,
        _ decision: AddressRules.Decision
    ) {
        self.rules = rules
        self.address = address
        facts = name.map { AddressRules.Facts(name: $0, isLocal: isLocal) }
        self.decision = decision
    }

    private static let yes = AddressRules.Decision.allowed(true)
    private static let no = AddressRules.Decision.allowed(false)

    static let all: [AddressCase] = [
        // The first that matches decides; without one all may.
        AddressCase("deny:ip:10.*", "10.1.2.3", no),
        AddressCase("deny:ip:10.*", "11.1.2.3", yes),
        AddressCase("allow:ip:10.*,deny:ip:*", "10.1.2.3", yes),
        AddressCase("allow:ip:10.*,deny:ip:*", "11.1.2.3", no),
        AddressCase("deny:ip:*,allow:ip:10.*", "10.1.2.3", no),
        // Blanks round a rule; Java's split forgets empty ends.
        AddressCase("  allow:ip:10.* ,\tdeny:ip:* ", "11.1.2.3", no),
        AddressCase("deny:ip:*,,", "11.1.2.3", no),
        AddressCase("allow:ip:10.*, deny:ip:*", "11.1.2.3", no),
        // The whole text must match; a point is a point.
        AddressCase("deny:ip:10.1", "10.1.2.3", yes),
        AddressCase("deny:ip:10.1.2.3", "10.1.2.3", no),
        AddressCase("deny:ip:10.1.2.3", "10x1.2.3", yes),
        AddressCase("deny:ip:10.1.2.?", "10.1.2.3", no),
        AddressCase("deny:ip:10.1.2.?", "10.1.2.33", yes),
        AddressCase("deny:ip:10.?.*.3", "10.1.200.3", no),
        AddressCase("deny:ip:*.*.*.*.*", "10.1.2.3", yes),
        AddressCase("deny:ip:", "10.1.2.3", yes),
        // All else is a regular expression.
        AddressCase("deny:ip:10.(1|2).*", "10.2.9.9", no),
        AddressCase("deny:ip:10.(1|2).*", "10.3.9.9", yes),
        AddressCase("deny:ip:10.[0-4].*", "10.4.9.9", no),
        // A point is quoted already: this is a backslash and any character.
        AddressCase(#"deny:ip:10\.*"#, "10.4.9.9", yes),
        // IPv6 in Java's long form; the pattern may hold colons.
        AddressCase("deny:ip:0:0:0:0:0:0:0:1", "0:0:0:0:0:0:0:1", no),
        AddressCase("deny:ip:::1", "0:0:0:0:0:0:0:1", yes),
        AddressCase("deny:ip:2001:db8:*", "2001:db8:0:0:0:0:0:1", no),
        // Names are asked for only where a rule needs one.
        AddressCase("allow:ip:10.*,deny:name:*", "10.1.2.3", yes),
        AddressCase("deny:name:*.example.org", "10.1.2.3", .needsFacts),
        AddressCase("deny:name:*.example.org", "10.1.2.3", name: "a.example.org", no),
        AddressCase("deny:name:*.example.org", "10.1.2.3", name: "example.org", yes),
        AddressCase("deny:name:10.*", "10.1.2.3", name: "10.1.2.3", no),
        // localhost is no name.
        AddressCase("allow:name:localhost,deny:ip:*", "127.0.0.1", yes),
        AddressCase("allow:name:localhost,deny:ip:*", "127.0.0.2", .needsFacts),
        AddressCase("allow:name:localhost,deny:ip:*", "10.0.0.1", name: "localhost", no),
        AddressCase("allow:name:localhost,deny:ip:*", "10.0.0.1", name: "x", isLocal: true, yes),
        AddressCase("allow:name:localhost,deny:ip:*", "0:0:0:0:0:0:0:1", name: "localhost", no),
        AddressCase("allow:name:localhos?,deny:ip:*", "10.0.0.1", name: "localhost", yes),
    ]
}

@Suite(.timeLimit(.minutes(1))) struct AddressRulesTests {
    @Test(arguments: AddressCase.all) func decides(test: AddressCase) throws {
        #expect(try AddressRules(test.rules).decide(test.address, test.facts) == test.decision)
    }

    @Test(arguments: [
        ("permit:ip:*", 0), ("Allow:ip:*", 0), ("allow:host:*", 0), ("allow:ip", 0), ("allow", 0), ("", -1),
        ("allow:ip:*, deny:IP:*", 12), ("allow:ip:*,,deny:ip:*", 11), ("allow:ip:*, ", 12), ("deny:ip:[", 0),
        ("allow:ip:*,deny:ip:(", 11),
    ])
    func malformed(text: String, offset: Int) {
        if offset < 0 {
            #expect(throws: Never.self) { try AddressRules(text) }
        } else {
            let error = #expect(throws: AddressRules.Malformed.self) { try AddressRules(text) }
            #expect(error?.offset == offset)
        }
    }

    @Test(arguments: [
        ("::1", "0:0:0:0:0:0:0:1"), ("2001:DB8::a:0:1", "2001:db8:0:0:0:a:0:1"), ("::ffff:10.1.2.3", "10.1.2.3"),
        ("10.1.2.3", "10.1.2.3"), ("::", "0:0:0:0:0:0:0:0"),
    ])
    func addressesAsJavaWritesThem(address: String, text: String) throws {
        #expect(try SocketAddress(ipAddress: address, port: 1).javaText == text)
    }

    /// Many stars cost no more than the lengths' product.
    @Test func manyStars() throws {
        let rules = try AddressRules("deny:ip:" + String(repeating: "*a", count: 2_000) + "b")
        let began = ContinuousClock.now
        #expect(rules.decide(String(repeating: "a", count: 4_000), nil) == .allowed(true))
        #expect(.now - began < .seconds(20))
    }

    // MARK: Look-ups

    private func connects(_ server: RPCServer) async throws -> Bool {
        let peer = try await RawPeer.connect(server.port)
        try? await peer.send(PlainFrame(1, Plain.handshake() + Plain.append))
        let frames = await peer.frames(1)
        await peer.close()
        return !frames.isEmpty
    }

    @Test(arguments: [
        ("deny:ip:127.*", false), ("allow:ip:127.0.0.1,deny:ip:*", true), ("allow:name:localhost,deny:ip:*", true),
        ("deny:name:*", false),
    ])
    func aRealServer(rules: String, isAllowed: Bool) async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(service, tls: false, rules: AddressRules(rules))
        #expect(try await connects(server) == isAllowed)
        #expect(service.log.now.rejections.map(\.breach) == (isAllowed ? [] : [.address]))
        await server.stop(deadline: .now())
    }

    /// Refused before TLS: not a byte of ours.
    @Test func refusedBeforeTLS() async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(service, tls: true, rules: AddressRules("deny:ip:*"))
        let peer = try await RawPeer.connect(server.port)
        #expect(await peer.end().bytes == [])
        #expect(service.log.now.rejections.map(\.breach) == [.address])
        #expect(service.log.now.connections == 0)
        await peer.close()
        await server.stop(deadline: .now())
    }

    /// A look-up that does not come back is not waited for, and no loop is held by it.
    @Test func aSlowLookUpIsGivenUp() async throws {
        let loop = SocketLoops.group.next()
        let gate = Gate()
        let filter = AddressFilter(try AddressRules("deny:name:evil"), patience: .milliseconds(100)) { _ in
            gate.wait()
            return AddressRules.Facts(name: "evil", isLocal: false)
        }
        let address = try SocketAddress(ipAddress: "10.1.2.3", port: 1)
        let answer = try await loop.submit { try self.future(filter.decide(address, on: loop), loop) }.get()
        #expect(try await answer.get())
        gate.open()
        // What came late is known to the next.
        var isAllowed = true
        for _ in 0..<200 where isAllowed {
            try await Task.sleep(for: .milliseconds(10))
            isAllowed = try await loop.submit { try self.future(filter.decide(address, on: loop), loop) }.get().get()
        }
        #expect(!isAllowed)
    }

    /// One look-up for all who wait, and none while its answer is kept.
    @Test func oneLookUpForMany() async throws {
        let loop = SocketLoops.group.next()
        let count = Mutex(0)
        let filter = AddressFilter(try AddressRules("allow:name:good,deny:ip:*"), patience: .hours(1), keep: .hours(1))
        { _ in
            count.withLock { $0 += 1 }
            return AddressRules.Facts(name: "good", isLocal: false)
        }
        let address = try SocketAddress(ipAddress: "10.1.2.3", port: 1)
        let answers = try await loop.submit {
            try (0..<20).map { _ in try self.future(filter.decide(address, on: loop), loop) }
        }.get()
        for answer in answers { #expect(try await answer.get()) }
        #expect(try await loop.submit { try self.future(filter.decide(address, on: loop), loop) }.get().get())
        #expect(count.withLock { $0 } == 1)
    }

    private func future(_ answer: AddressFilter.Answer, _ loop: any EventLoop) throws -> EventLoopFuture<Bool> {
        switch answer {
        case .known(let isAllowed): loop.makeSucceededFuture(isAllowed)
        case .asked(let future): future
        }
    }
}
