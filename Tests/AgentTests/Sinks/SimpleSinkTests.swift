import Events
import Logging
import NIOCore
import Testing

@testable import Agent

@Suite("null and logger sinks")
struct SimpleSinkTests {
    @Test("The null sink delivers all, and says how many every N")
    func null() async throws {
        let log = LogCapture()
        let sink = try NullSink(Harness.sink(["batchSize": "7", "logEveryNEvents": "10"], log: log))
        #expect(sink.batchSize == 7)
        let outcomes = SinkHarness()
        try await sink.start(outcomes.reports)
        for number in 0..<4 {
            let batch = Harness.batch(Array(repeating: "x", count: 7))
            #expect(sink.submit(batch, number: DeliveryNumber(number), deadline: nil) == .accepted)
        }
        #expect(outcomes.delivered == [0, 1, 2, 3])
        let lines = log.lines.filter { $0.message == "events discarded" }
        #expect(lines.map { $0.metadata["events"]?.description } == ["10", "20"])
    }

    @Test("Null sink numbers below 1 are faults", arguments: ["batchSize", "logEveryNEvents"])
    func nullFaults(key: String) {
        #expect(throws: ConfigurationFault.self) { try NullSink(Harness.sink([key: "0"])) }
    }

    @Test(
        "The logger sink writes Flume's lines",
        arguments: [
            (
                [:], Array("hello".utf8), nil,
                "{ headers:{} body: 68 65 6C 6C 6F                                  hello }"
            ),
            (
                [:], Array("Hello world!\r".utf8), nil,
                "{ headers:{} body: 48 65 6C 6C 6F 20 77 6F 72 6C 64 21 0D          Hello world!. }"
            ),
            ([:], [], nil, "{ headers:{} body: }"),
            (
                ["k": "v"], [0x00, 0x1F, 0x20, 0x7E, 0x7F, 0xFF], nil,
                "{ headers:{k=v} body: 00 1F 20 7E 7F FF                               .. ~.. }"
            ),
            (
                [:], Array("0123456789abcdefXYZ".utf8), nil,
                "{ headers:{} body: 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66 0123456789abcdef }"
            ),
            (
                [:], Array("hello".utf8), "2",
                "{ headers:{} body: 68 65                                           he }"
            ),
            ([:], Array("hello".utf8), "0", "{ headers:{} body: }"),
            (
                [:], Array("0123456789abcdefXYZ".utf8), "64",
                "{ headers:{} body: 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66 0123456789abcdef\n"
                    + "00000010 58 59 5A                                        XYZ }"
            ),
        ] as [([String: String], [UInt8], String?, String)]
    )
    func logger(headers: [String: String], body: [UInt8], limit: String?, expected: String) async throws {
        let log = LogCapture()
        let sink = try LoggerSink(Harness.sink(limit.map { ["maxBytesToLog": $0] } ?? [:], log: log))
        let outcomes = SinkHarness()
        try await sink.start(outcomes.reports)
        let batch = Harness.batch([Event(headers: headers, body: ByteBuffer(bytes: body))])
        #expect(sink.submit(batch, number: 5, deadline: nil) == .accepted)
        #expect(log.messages == ["Event: " + expected])
        #expect(log.lines.first?.level == .info)
        #expect(outcomes.delivered == [5])
    }

    @Test("Several headers stand as in a Java map, in the order of the event")
    func headers() {
        let batch = Harness.batch([Event(headers: ["b": "2"], body: "x")])
            .settingHeader("a", to: "1", existing: .keep)
        var text = ""
        batch.forEachEvent { _, event in _ = EventDump.appendHeaders(event, to: &text) }
        #expect(text == "{a=1, b=2}")
    }

    @Test("A bad maxBytesToLog is remarked and the default stands")
    func badLimit() async throws {
        let log = LogCapture()
        _ = try LoggerSink(Harness.sink(["maxBytesToLog": "all"], log: log))
        #expect(log.lines.count == 1)
        #expect(log.lines.first?.level == .warning)
    }
}
