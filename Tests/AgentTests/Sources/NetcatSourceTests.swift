import Events
import NIOCore
import Testing

@testable import Agent

@Suite("netcat source", .serialized, .timeLimit(.minutes(1)))
struct NetcatSourceTests {
    private static let tooLong = "FAILED: Event exceeds the maximum length (8 chars, including newline)\n"

    /// What a client sends, and what must become of it.
    struct Case: Sendable, CustomTestStringConvertible {
        var input: [UInt8]
        var settings: [String: String] = [:]
        var bodies: [[UInt8]]
        var replies: String

        init(_ input: [UInt8], _ settings: [String: String] = [:], bodies: [[UInt8]], replies: String) {
            self.input = input
            self.settings = settings
            self.bodies = bodies
            self.replies = replies
        }

        init(_ input: String, _ settings: [String: String] = [:], bodies: [String], replies: String) {
            self.init(Array(input.utf8), settings, bodies: bodies.map { Array($0.utf8) }, replies: replies)
        }

        var testDescription: String { String(decoding: input, as: UTF8.self).debugDescription + " \(settings)" }
    }

    private static let short = ["max-line-length": "8"]

    static let cases = [
        Case("a\n", bodies: ["a"], replies: "OK\n"),
        Case("a\nb\n\nc\n", bodies: ["a", "b", "", "c"], replies: "OK\nOK\nOK\nOK\n"),
        Case("a\r\n", bodies: ["a\r"], replies: "OK\n"),
        Case("a\nno end", bodies: ["a"], replies: "OK\n"),
        Case("", bodies: [], replies: ""),
        Case("a\nb\n", ["ack-every-event": "false"], bodies: ["a", "b"], replies: ""),
        // 7 characters and the newline fit, 8 do not.
        Case("1234567\nb\n", short, bodies: ["1234567", "b"], replies: "OK\nOK\n"),
        Case("a\n12345678\nb\n", short, bodies: ["a"], replies: "OK\n" + tooLong),
        Case("a\n12345678", short, bodies: ["a"], replies: "OK\n" + tooLong),
        Case("12345678\n", short.merging(["ack-every-event": "false"]) { $1 }, bodies: [], replies: tooLong),
        // Characters, not bytes; one above U+FFFF counts twice.
        Case("ééééééé\n", short, bodies: ["ééééééé"], replies: "OK\n"),
        Case("éééééééé\n", short, bodies: [], replies: tooLong),
        Case("😀😀😀x\n", short, bodies: ["😀😀😀x"], replies: "OK\n"),
        Case("😀😀😀😀\n", short, bodies: [], replies: tooLong),
        // A byte that cannot be decoded ends the connection; the lines in front of it are kept.
        Case([0x61, 0x0A, 0x62, 0xFF, 0x0A, 0x63, 0x0A], bodies: [[0x61]], replies: "OK\n"),
        Case([0x61, 0x0A, 0xC3, 0x0A], bodies: [[0x61]], replies: "OK\n"),
        Case([0x61, 0x0A, 0xED, 0xA0, 0x80, 0x0A], bodies: [[0x61]], replies: "OK\n"),
        Case([0xE9, 0x0A], ["encoding": "ISO-8859-1"], bodies: [[0xC3, 0xA9]], replies: "OK\n"),
        Case([0x61, 0x0A, 0xE9, 0x0A], ["encoding": "us-ascii"], bodies: [[0x61]], replies: "OK\n"),
    ]

    private func start(_ values: [String: String], _ harness: Harness) async throws -> (NetcatSource, SocketAddress) {
        let source = try NetcatSource(harness.source(["bind": "127.0.0.1", "port": "0"].merging(values) { $1 }))
        try await source.start()
        return (source, try #require(source.address))
    }

    @Test("Lines, replies and ends", arguments: cases)
    func table(_ test: Case) async throws {
        // At once, then byte by byte.
        for size in [max(1, test.input.count), 1] {
            let harness = Harness()
            let (source, address) = try await start(test.settings, harness)
            let client = try await LineClient.connect(address)
            for start in stride(from: 0, to: test.input.count, by: size) {
                try? await client.send(Array(test.input[start..<min(start + size, test.input.count)]))
            }
            try? await client.finish()
            try await client.closed()
            #expect(client.received == test.replies)
            let bodies = await harness.drain(test.bodies.count + 1, patience: .milliseconds(20))
            #expect(bodies.map { Array(buffer: $0.body) } == test.bodies)
            #expect(bodies.allSatisfy { $0.headers.isEmpty })
            #expect(harness.counters.eventReceived.value == test.bodies.count)
            #expect(harness.counters.eventAccepted.value == test.bodies.count)
            #expect(await Harness.eventually { harness.counters.openConnections.value == 0 })
            await source.stop(deadline: .now() + .seconds(1))
        }
    }

    @Test("A refused line is answered FAILED and dropped; the connection goes on")
    func refusal() async throws {
        let harness = Harness(capacity: 2, keepAlive: .milliseconds(10))
        let (source, address) = try await start([:], harness)
        let client = try await LineClient.connect(address)
        try await client.send("1\n2\n")
        #expect(await client.waitFor(6))
        try await client.send("3\n")
        #expect(await client.waitFor(7))
        #expect(client.received == "OK\nOK\nFAILED: the channel is full\n")
        #expect(await harness.bodies(2) == ["1", "2"])
        try await client.send("4\n")
        #expect(await harness.bodies(1) == ["4"])
        #expect(harness.counters.channelWriteFail.value == 1)
        #expect(harness.counters.eventReceived.value == 4)
        #expect(harness.counters.eventAccepted.value == 3)
        #expect(harness.counters.openConnections.value == 1)
        try await client.close()
        await source.stop(deadline: .now() + .seconds(1))
    }

    @Test("Without replies a full channel holds the client back, and nothing is dropped")
    func backPressure() async throws {
        let harness = Harness(capacity: 100, keepAlive: .milliseconds(10))
        let (source, address) = try await start(["ack-every-event": "false"], harness)
        let client = try await LineClient.connect(address)
        let count = 100_000
        for start in stride(from: 1, through: count, by: 1000) {
            client.push((start..<(start + 1000)).map { "\($0)\n" }.joined())
        }
        #expect(await Harness.eventually { harness.counters.channelWriteFail.value >= 2 })
        // What was read is one batch in the channel, one that waits; the rest is in sockets.
        #expect(harness.counters.eventReceived.value < 50_000)
        let lines = await harness.bodies(count)
        #expect(lines.elementsEqual((1...count).lazy.map(String.init)))
        try await client.close()
        await source.stop(deadline: .now() + .seconds(1))
    }

    @Test("A client that does not read its replies is not read from without end")
    func unreadReplies() async throws {
        // Refusals are the longest replies: 28 bytes for each line of one byte.
        let harness = Harness(capacity: 1, keepAlive: .zero)
        let (source, address) = try await start([:], harness)
        let client = try await LineClient.connect(address, reads: false)
        let block = String(repeating: "\n", count: 100_000)
        for _ in 0..<20 { client.push(block) }
        #expect(await !Harness.eventually(.seconds(1)) { harness.counters.eventReceived.value == 2_000_000 })
        #expect(harness.counters.eventReceived.value > 0)
        try await client.close()
        await source.stop(deadline: .now() + .seconds(1))
    }

    @Test("A stop answers what is due on connections that are still open")
    func stop() async throws {
        let harness = Harness(capacity: 1, keepAlive: .seconds(5))
        let (source, address) = try await start([:], harness)
        let client = try await LineClient.connect(address)
        try await client.send("1\n")
        #expect(await client.waitFor(3))
        try await client.send("2\n")
        #expect(await Harness.eventually { harness.counters.eventReceived.value == 2 })
        await source.quiesce()
        try await client.send("3\n")
        let late = try? await LineClient.connect(address)
        #expect(late == nil)
        #expect(await harness.bodies(2) == ["1", "2"])
        await source.stop(deadline: .now() + .seconds(1))
        try await client.closed()
        #expect(client.received == "OK\nOK\n")
        #expect(harness.counters.eventReceived.value == 2)
    }

    @Test("A port in use is named with its place and what to do")
    func portInUse() async throws {
        let harness = Harness()
        let (source, address) = try await start([:], harness)
        let port = try #require(address.port)
        let second = try NetcatSource(harness.source(["bind": "127.0.0.1", "port": "\(port)"]))
        let error = await #expect(throws: ComponentError.self) { try await second.start() }
        #expect(error?.code == .environment)
        let text = try #require(error?.message)
        #expect(text.contains("`a.sources.s.port`: cannot listen on 127.0.0.1:\(port): Address already in use"))
        #expect(text.contains("another process has the port"))
        await source.stop(deadline: .now() + .seconds(1))
    }

    @Test(
        "Settings that cannot be used name key and reason",
        arguments: [
            (["port": "1"], "`a.sources.s.bind` is missing"),
            (["bind": "x"], "`a.sources.s.port` is missing"),
            (["bind": "x", "port": "70000"], "`a.sources.s.port`: 70000 is out of range"),
            (["bind": "x", "port": "1", "encoding": "utf-16"], "`a.sources.s.encoding`: `utf-16`"),
            (["bind": "x", "port": "1", "max-line-length": "0"], "`a.sources.s.max-line-length`: 0"),
        ]
    )
    func faults(values: [String: String], expected: String) {
        let harness = Harness()
        let fault = #expect(throws: ConfigurationFault.self) { try NetcatSource(harness.source(values)) }
        #expect(fault?.message.hasPrefix(expected) == true, "\(fault?.message ?? "")")
    }
}
