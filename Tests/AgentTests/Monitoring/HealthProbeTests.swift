import NIOCore
import NIOPosix
import Testing

@testable import Agent

@Suite struct HealthProbeTests {
    private func ask(
        _ port: Int,
        _ question: HealthProbe.Question = .ready,
        timeout: TimeAmount = .seconds(20)
    ) async -> (ok: Bool, text: String) {
        await HealthProbe(host: "127.0.0.1", port: port, question: question, timeout: timeout)
            .run(group: MultiThreadedEventLoopGroup.singleton)
    }

    @Test func tellsReady() async throws {
        try await withMonitoring { port in
            let answer = await ask(port)
            #expect(answer == (true, "127.0.0.1:\(port): ready"))
        }
    }

    @Test func tellsWhyNot() async throws {
        try await withMonitoring(notReady: ["sink k1: \"b=1\"\naway", "<é>"]) { port in
            let ready = await ask(port)
            #expect(ready == (false, "127.0.0.1:\(port): not ready: sink k1: \"b=1\"\\naway; <é>"))
            let alive = await ask(port, .alive)
            #expect(alive == (true, "127.0.0.1:\(port): alive"))
        }
    }

    @Test func tellsThatNobodyListens() async throws {
        var free = 0
        try await withMonitoring { free = $0 }
        let answer = await ask(free)
        #expect(!answer.ok)
        #expect(
            answer.text == "127.0.0.1:\(free): Connection refused; does an agent run there with "
                + "-Dflume.monitoring.type=http?"
        )
    }

    @Test func tellsThatTheNameDoesNotResolve() async throws {
        let probe = HealthProbe(host: "no-such-host.invalid", port: 1, timeout: .seconds(20))
        let answer = await probe.run(group: MultiThreadedEventLoopGroup.singleton)
        #expect(!answer.ok)
        #expect(answer.text.hasPrefix("no-such-host.invalid:1: the name does not resolve; "))
    }

    /// What listens there says this, or nothing.
    @Test(arguments: [
        ("", 300, "no answer within 300 ms; "),
        ("SSH-2.0-x\r\n", 20_000, "what answers does not speak HTTP; "),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", 300, "no answer within 300 ms; "),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nnot\u{1B}[1m", 20_000,
            "status 404, not an agent's answer: not\\u{1b}[1m"
        ),
    ])
    func tellsStrangers(_ says: String, timeout: Int64, _ expected: String) async throws {
        let stranger = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                if !says.isEmpty {
                    channel.eventLoop.execute { channel.writeAndFlush(ByteBuffer(string: says), promise: nil) }
                }
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(stranger.localAddress?.port)
        let answer = await ask(port, timeout: .milliseconds(timeout))
        #expect(!answer.ok)
        #expect(answer.text.hasPrefix("127.0.0.1:\(port): \(expected)"), "\(answer.text)")
        try await stranger.close()
    }

    @Test(arguments: [
        (#"{"status":"ready"}"#, ["status", "ready"]),
        (#"["a\"\\\u0041\n","é"]"#, ["a\"\\A\n", "é"]),
        (#"["\ud800"]"#, ["\u{FFFD}"]),
        (#"["open"#, []),
        (#"["\u00"#, []),
        (#"["\"#, []),
        ("", []),
    ])
    func readsStrings(_ json: String, _ strings: [String]) {
        #expect(HealthText.strings(in: Array(json.utf8)) == strings)
    }
}
