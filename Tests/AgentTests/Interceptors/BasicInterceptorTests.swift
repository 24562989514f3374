import Events
import Logging
import NIOCore
import Testing

@testable import Agent

@Suite("timestamp, host and static interceptors; replicating selector")
struct BasicInterceptorTests {
    private func settings(_ values: [String: String]) -> ComponentSettings {
        ComponentSettings(kind: .interceptor, name: "i", prefix: "a.sources.s.interceptors.i.", values)
    }

    /// Two events, the first with the header.
    private func values(_ interceptor: any Interceptor, _ header: String) -> [String?] {
        let batch = Harness.batch([Event(headers: [header: "old", "x": "y"], body: "1"), Event(body: "2")])
        let events = interceptor.intercept(batch).events
        #expect(events.map { String(buffer: $0.body) } == ["1", "2"])
        #expect(events[0].headers["x"] == "y")
        #expect(events[0].headers.count == 2)
        return events.map { $0.headers[header] }
    }

    @Test(
        "timestamp replaces, unless told to keep",
        arguments: [
            ([:], "timestamp", "1700000000123"),
            (["preserveExisting": "true"], "timestamp", "old"),
            (["headerName": "ts"], "ts", "1700000000123"),
            (["headerName": "ts", "preserveExisting": "false"], "ts", "1700000000123"),
        ]
    )
    func timestamp(keys: [String: String], header: String, first: String) throws {
        let interceptor = try TimestampInterceptor(settings(keys), now: { 1_700_000_000_123 })
        #expect(values(interceptor, header) == [first, "1700000000123"])
    }

    @Test("timestamp reads the clock once a batch, and it is the wall clock")
    func clock() throws {
        let clock = TestClock(0)
        let counting = try TimestampInterceptor(settings([:])) {
            clock.now += 1
            return clock.now
        }
        let batch = Harness.batch(["a", "b", "c"])
        #expect(counting.intercept(batch).events.map { $0.headers["timestamp"] } == ["1", "1", "1"])
        #expect(counting.intercept(batch).events.map { $0.headers["timestamp"] } == ["2", "2", "2"])
        let before = WallClock.milliseconds()
        let stamp = try TimestampInterceptor(settings([:])).intercept(batch).events[0].headers["timestamp"]
        #expect((before...(before + 10_000)).contains(try #require(stamp.flatMap { Int($0) })))
    }

    @Test(
        "static keeps, unless told to replace",
        arguments: [
            ([:], "key", ["old", "value"]),
            (["key": "dc", "value": "ams"], "dc", ["old", "ams"]),
            (["key": "dc", "value": "ams", "preserveExisting": "false"], "dc", ["ams", "ams"]),
        ]
    )
    func fixed(keys: [String: String], header: String, expected: [String]) throws {
        #expect(values(try StaticInterceptor(settings(keys)), header) == expected)
    }

    @Test(
        "host: address or name, replaced unless told to keep",
        arguments: [
            ([:], "host", ["10.0.0.1", "10.0.0.1"]),
            (["useIP": "false"], "host", ["a.example", "a.example"]),
            (["preserveExisting": "true"], "host", ["old", "10.0.0.1"]),
            (["hostHeader": "h"], "h", ["10.0.0.1", "10.0.0.1"]),
        ]
    )
    func host(keys: [String: String], header: String, expected: [String]) throws {
        let interceptor = try HostInterceptor(settings(keys), lookup: { $0 ? "10.0.0.1" : "a.example" })
        #expect(values(interceptor, header) == expected)
    }

    @Test("host without an answer: a warning, and no header")
    func unknownHost() throws {
        let log = LogCapture()
        let interceptor = try HostInterceptor(settings([:]), logger: log.logger) {
            _ throws(LocalHost.LookupError) in throw LocalHost.LookupError(description: "nowhere")
        }
        #expect(values(interceptor, "host") == ["old", nil])
        #expect(log.lines.map(\.level) == [.warning])
    }

    @Test("This machine has an address or says why not")
    func lookup() {
        do throws(LocalHost.LookupError) {
            let address = try LocalHost.look(address: true)
            #expect(address.wholeMatch(of: #/[0-9.]+|[0-9a-f:]+/#) != nil, "\(address)")
            #expect(try !LocalHost.look(address: false).isEmpty)
        } catch {
            #expect(!error.description.isEmpty)
        }
    }

    @Test("The replicating selector parts required from optional channels")
    func selector() throws {
        func split(_ optional: String?) throws -> [[String]] {
            let settings = ComponentSettings(
                kind: .channelSelector,
                name: "s",
                prefix: "a.sources.s.selector.",
                optional.map { ["optional": $0] } ?? [:]
            )
            let parts = try ReplicatingSelector.split(channels: ["c1", "c2", "c3"], selector: settings)
            return [parts.required, parts.optional]
        }
        #expect(try split(nil) == [["c1", "c2", "c3"], []])
        #expect(try split("c2") == [["c1", "c3"], ["c2"]])
        #expect(try split("c3 c1") == [["c2"], ["c1", "c3"]])
        let fault = #expect(throws: ConfigurationFault.self) { try split("c2 c33") }
        #expect(fault?.message == "`a.sources.s.selector.optional`: `c33` is not a channel of this source")
        #expect(fault?.advice?.contains("`c3`") == true)
    }
}
