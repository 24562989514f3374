import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Agent

@Suite struct MonitoringServerTests {
    struct Exchange: Sendable, CustomTestStringConvertible {
        let request: String
        let status: String
        var headers: [String] = []
        /// Nil: anything.
        var body: String?

        var testDescription: String { String(request.prefix(60)).debugDescription }
    }

    static let metrics =
        #"{"SINK.k<1>":{"Type":"SINK","StartTime":"0","StopTime":"0","EventDrainSuccessCount":"7"}}"#
        .replacing("<", with: "\\u003c").replacing(">", with: "\\u003e")
    static let json = "Content-Type: application/json;charset=utf-8"
    static let end = "Host: x\r\nConnection: close\r\n\r\n"

    static let exchanges = [
        Exchange(
            request: "GET /metrics HTTP/1.1\r\n\(end)",
            status: "HTTP/1.1 200 OK",
            headers: [json, "Content-Length: \(metrics.utf8.count)", "Connection: close"],
            body: metrics
        ),
        Exchange(request: "GET /MeTrics HTTP/1.1\r\n\(end)", status: "HTTP/1.1 200 OK", headers: [json], body: metrics),
        Exchange(request: "GET /metrics?a=/b HTTP/1.1\r\n\(end)", status: "HTTP/1.1 200 OK", body: metrics),
        Exchange(request: "GET http://x:1/metrics HTTP/1.1\r\n\(end)", status: "HTTP/1.1 200 OK", body: metrics),
        Exchange(request: "DELETE /metrics HTTP/1.1\r\n\(end)", status: "HTTP/1.1 200 OK", body: metrics),
        Exchange(
            request: "POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n\(end)hello",
            status: "HTTP/1.1 200 OK",
            body: metrics
        ),
        Exchange(
            request: "PUT /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\(end)3\r\nabc\r\n0\r\n\r\n",
            status: "HTTP/1.1 200 OK",
            body: metrics
        ),
        Exchange(
            request: "HEAD /metrics HTTP/1.1\r\n\(end)",
            status: "HTTP/1.1 200 OK",
            headers: [json, "Content-Length: \(metrics.utf8.count)"],
            body: ""
        ),
        Exchange(
            request: "GET /metrics HTTP/1.0\r\n\r\n",
            status: "HTTP/1.0 200 OK",
            headers: ["Connection: close"],
            body: metrics
        ),
        Exchange(
            request: "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
            status: "HTTP/1.1 200 OK",
            headers: ["Connection: close"],
            body: metrics
        ),
        Exchange(
            request: "GET /metrics/ HTTP/1.1\r\n\(end)",
            status: "HTTP/1.1 404 Not Found",
            body: "404 Not Found\n"
        ),
        Exchange(request: "GET //metrics HTTP/1.1\r\n\(end)", status: "HTTP/1.1 404 Not Found"),
        Exchange(request: "HEAD /none HTTP/1.1\r\n\(end)", status: "HTTP/1.1 404 Not Found", body: ""),
        Exchange(
            request: "TRACE /metrics HTTP/1.1\r\n\(end)",
            status: "HTTP/1.1 403 Forbidden",
            body: "403 Forbidden\n"
        ),
        Exchange(request: "OPTIONS /metrics HTTP/1.1\r\n\(end)", status: "HTTP/1.1 403 Forbidden"),
        Exchange(request: "OPTIONS * HTTP/1.1\r\n\(end)", status: "HTTP/1.1 403 Forbidden"),
        Exchange(
            request: "GET / HTTP/1.1\r\n\(end)",
            status: "HTTP/1.1 200 OK",
            headers: ["Content-Type: text/html;charset=utf-8"]
        ),
        Exchange(
            request: "GET /healthz HTTP/1.1\r\n\(end)",
            status: "HTTP/1.1 200 OK",
            headers: [json],
            body: #"{"status":"alive"}"#
        ),
        Exchange(
            request: "GET /readyz HTTP/1.1\r\n\(end)",
            status: "HTTP/1.1 200 OK",
            headers: [json],
            body: #"{"status":"ready"}"#
        ),
        Exchange(request: "BLAH\r\n\r\n", status: "HTTP/1.1 400 Bad Request", headers: ["Connection: close"]),
        Exchange(request: "\u{16}\u{3}\u{1}\0\u{5}\r\n\r\n", status: "HTTP/1.1 400 Bad Request"),
        Exchange(request: "FETCH /metrics HTTP/1.1\r\n\(end)", status: "HTTP/1.1 400 Bad Request"),
        Exchange(request: "GET /metrics HTTP/2.0\r\n\(end)", status: "HTTP/1.1 400 Bad Request"),
        Exchange(request: "GET /metrics HTTP/1.1\r\nbad header\r\n\(end)", status: "HTTP/1.1 400 Bad Request"),
        Exchange(
            request: "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\(end)zz\r\nabc",
            status: "HTTP/1.1 400 Bad Request"
        ),
        Exchange(
            request: "GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\n\(end)",
            status: "HTTP/1.1 400 Bad Request"
        ),
        Exchange(
            request: "GET / HTTP/1.1\r\n"
                + (0..<20).map { "X-\($0): \(String(repeating: "b", count: 500))\r\n" }.joined() + end,
            status: "HTTP/1.1 400 Bad Request"
        ),
    ]

    static func group() -> CounterGroup {
        let group = CounterGroup(kind: .sink, name: "k<1>")
        group.counter("EventDrainSuccessCount").add(7)
        return group
    }

    @Test(arguments: exchanges) func answers(_ exchange: Exchange) async throws {
        try await withMonitoring(groups: [Self.group()]) { port in
            let client = try RawClient(port: port)
            try client.send(exchange.request)
            let reply = try client.readAll()
            let parts = reply.firstRange(of: "\r\n\r\n").map { (reply[..<$0.lowerBound], reply[$0.upperBound...]) }
            let (head, body) = try #require(parts, "\(reply)")
            let lines = head.split(separator: "\r\n").map(String.init)
            #expect(lines.first == exchange.status)
            for header in exchange.headers { #expect(lines.contains(header), "\(lines)") }
            if let expected = exchange.body { #expect(body == expected) }
        }
    }

    @Test func frontPageLinksToTheMetrics() async throws {
        try await withMonitoring { port in
            let client = try RawClient(port: port)
            try client.send("GET / HTTP/1.1\r\n\(Self.end)")
            #expect(try client.readAll().contains(#"<a href="./metrics">"#))
        }
    }

    @Test func tellsWhyItIsNotReady() async throws {
        try await withMonitoring(notReady: ["sink k1: broker \"b\" is away", "ä\n"]) { port in
            let client = try RawClient(port: port)
            try client.send("GET /readyz HTTP/1.1\r\n\(Self.end)")
            let reply = try client.readAll()
            #expect(reply.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
            let body = #"{"status":"not ready","reasons":["sink k1: broker \"b\" is away","ä\n"]}"#
            #expect(reply.hasSuffix("\r\n\r\n" + body))
            let other = try RawClient(port: port)
            try other.send("GET /healthz HTTP/1.1\r\n\(Self.end)")
            #expect(try other.readAll().hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
    }

    @Test func keepsTheConnection() async throws {
        try await withMonitoring { port in
            let client = try RawClient(port: port)
            for _ in 0..<3 {
                try client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                let reply = try client.read(through: "}")
                #expect(reply.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(!reply.lowercased().contains("connection:"))
            }
            try client.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(try client.read(through: "}").contains("\r\nConnection: keep-alive\r\n"))
            try client.send("GET /healthz HTTP/1.0\r\n\r\n")
            #expect(try client.readAll().contains("\r\nConnection: close\r\n"))
        }
    }

    @Test func answersPipelinedRequestsInOrder() async throws {
        try await withMonitoring { port in
            let client = try RawClient(port: port)
            try client.send(
                "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nHEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
                    + "GET /none HTTP/1.1\r\nHost: x\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\n\r\nrubbish\r\n\r\n"
            )
            let reply = try client.readAll()
            let statuses = reply.split(separator: "HTTP/1.1 ").map { $0.prefix(3) }
            #expect(statuses == ["200", "200", "404", "200", "400"])
            #expect(reply.contains(#"{"status":"ready"}"#))
        }
    }

    /// A request that trickles in does not hold its connection longer than one that never comes.
    @Test(arguments: [
        ("", nil),
        ("GET /healthz HTTP/1.1\r\n", "X: y\r\n"),
        ("POST /healthz HTTP/1.1\r\nContent-Length: 1000\r\n\r\n", "xy"),
    ])
    func closesWhoTakesTooLong(start: String, drip: String?) async throws {
        var limits = MonitoringLimits()
        limits.idle = .milliseconds(300)
        try await withMonitoring(limits: limits) { port in
            let client = try RawClient(port: port)
            let begin = NIODeadline.now()
            try client.send(start)
            for _ in 0..<150 {
                guard let drip else { break }
                try await Task.sleep(for: .milliseconds(100))
                // Fails once the server has cut the connection, which is what is wanted.
                guard (try? client.send(drip)) != nil else { break }
            }
            #expect((try? client.readAll()) ?? "" == "")
            let took = NIODeadline.now() - begin
            #expect(took >= .milliseconds(250) && took < .seconds(60), "\(took)")
        }
    }

    /// Replies of 6 MB, of which the two sockets take a part; the rest is made as the client reads.
    @Test func makesNoRepliesThatNobodyReads() async throws {
        let asked = Atomic<Int>(0)
        let group = CounterGroup(kind: .source, name: "s")
        let big = String(repeating: "x", count: 100_000)
        group.computed("Big") {
            asked.add(1, ordering: .relaxed)
            return big
        }
        var limits = MonitoringLimits()
        limits.idle = .seconds(60)
        try await withMonitoring(groups: [group], limits: limits) { port in
            let client = try RawClient(port: port, receiveBuffer: 32_768)
            let request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
            try client.send(String(repeating: request, count: 59) + "GET /metrics HTTP/1.1\r\n\(Self.end)")
            try await Task.sleep(for: .seconds(1))
            #expect(asked.load(ordering: .relaxed) < 30)
            let text = try client.readAll()
            #expect(text.utf8.count > 6_000_000)
            #expect(asked.load(ordering: .relaxed) == 60)
        }
    }

    /// Thousands in one segment: a reply inside of a reply for each would end the process's stack.
    @Test func answersThousandsOfPipelinedRequests() async throws {
        try await withMonitoring { port in
            let client = try RawClient(port: port)
            let request = "HEAD / HTTP/1.1\r\n\r\n"
            try client.send(String(repeating: request, count: 5000) + "HEAD / HTTP/1.0\r\n\r\n")
            let text = try client.readAll()
            #expect(text.utf8.count { $0 == UInt8(ascii: "P") } == 5001)
        }
    }

    @Test func cutsWhoDoesNotRead() async throws {
        let group = CounterGroup(kind: .source, name: "s")
        let big = String(repeating: "x", count: 100_000)
        group.computed("Big") { big }
        var limits = MonitoringLimits()
        limits.idle = .milliseconds(300)
        limits.connections = 1
        try await withMonitoring(groups: [group], limits: limits) { port in
            let client = try RawClient(port: port, receiveBuffer: 32_768)
            try client.send(String(repeating: "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", count: 60))
            // Its place, the only one, becomes free.
            var answer = ""
            for _ in 0..<200 where answer.isEmpty {
                try await Task.sleep(for: .milliseconds(50))
                let next = try RawClient(port: port)
                try? next.send("GET /healthz HTTP/1.1\r\n\(Self.end)")
                answer = try next.readAll()
            }
            #expect(answer.hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func closesThe65thConnection() async throws {
        var limits = MonitoringLimits()
        #expect(limits.connections == 64)
        limits.idle = .seconds(60)
        try await withMonitoring(limits: limits) { port in
            var clients: [RawClient] = []
            for _ in 0..<64 {
                let client = try RawClient(port: port)
                try client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(try client.read(through: "}").hasPrefix("HTTP/1.1 200"))
                clients.append(client)
            }
            let late = try RawClient(port: port)
            try? late.send("GET /healthz HTTP/1.1\r\n\(Self.end)")
            #expect(try late.readAll() == "")
            // The others live, and one that goes makes room.
            try clients[0].send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try clients[0].read(through: "}").hasPrefix("HTTP/1.1 200"))
            clients.removeLast()
            var answer = ""
            for _ in 0..<100 where answer.isEmpty {
                let next = try RawClient(port: port)
                try? next.send("GET /healthz HTTP/1.1\r\n\(Self.end)")
                answer = try next.readAll()
                if answer.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
            }
            #expect(answer.hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func saysThatThePortIsInUse() async throws {
        try await withMonitoring { port in
            let second = MonitoringServer(
                group: MultiThreadedEventLoopGroup.singleton,
                groups: { [] },
                notReady: { [] }
            )
            for host in ["127.0.0.1", nil] {
                let error = await #expect(throws: ComponentError.self) {
                    try await second.start(host: host, port: port)
                }
                #expect(error?.code == .environment)
                #expect(
                    error?.message == "environment: the monitoring server cannot listen on \(host ?? "*"):\(port): "
                        + "Address already in use; free the port or set -Dflume.monitoring.port"
                )
            }
            let error = await #expect(throws: ComponentError.self) { try await second.start(host: nil, port: 70_000) }
            #expect(error?.message.contains("*:70000: not a port") == true)
            await second.stop()
        }
    }

    @Test func listensOnAllInterfaces() async throws {
        try await withMonitoring(host: nil) { port in
            let client = try RawClient(port: port)
            try client.send("GET /healthz HTTP/1.1\r\n\(Self.end)")
            #expect(try client.readAll().hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func stopsWithOpenConnections() async throws {
        let server = MonitoringServer(group: MultiThreadedEventLoopGroup.singleton, groups: { [] }, notReady: { [] })
        let port = try await server.start(host: "127.0.0.1", port: 0)
        let client = try RawClient(port: port)
        try client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.read(through: "}").hasPrefix("HTTP/1.1 200"))
        await server.stop()
        #expect(try client.readAll() == "")
        #expect(throws: RawClient.Failure.self) { try RawClient(port: port) }
    }
}
