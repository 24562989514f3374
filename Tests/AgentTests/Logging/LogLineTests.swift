import Logging
import Testing

@testable import Agent

@Suite struct LogLineTests {
    static let time = CalendarTime(
        year: 2026,
        month: 11,
        day: 24,
        hour: 2,
        minute: 4,
        second: 6,
        millisecond: 7,
        weekday: 2,
        dayOfYear: 328,
        offset: 0
    )

    struct Row: Sendable {
        var level = Logger.Level.info
        var label = "agent"
        var message = "m"
        var metadata: [(key: String, value: String)] = []
        let line: String
    }

    static let rows = [
        Row(message: "started", line: "2026-11-24 02:04:06,007 INFO  [agent] started"),
        Row(level: .trace, line: "2026-11-24 02:04:06,007 TRACE [agent] m"),
        Row(level: .debug, line: "2026-11-24 02:04:06,007 DEBUG [agent] m"),
        Row(level: .notice, line: "2026-11-24 02:04:06,007 INFO  [agent] m"),
        Row(level: .warning, line: "2026-11-24 02:04:06,007 WARN  [agent] m"),
        Row(level: .error, line: "2026-11-24 02:04:06,007 ERROR [agent] m"),
        Row(level: .critical, line: "2026-11-24 02:04:06,007 FATAL [agent] m"),
        Row(
            metadata: [("port", "4141"), ("why", "no route"), ("empty", ""), ("path", #"C:\x"#), ("q", #"say "a\b""#)],
            line:
                #"2026-11-24 02:04:06,007 INFO  [agent] m port=4141 why="no route" empty="" path=C:\x q="say \"a\\b\"""#
        ),
        Row(metadata: [("a", "b=c")], line: #"2026-11-24 02:04:06,007 INFO  [agent] m a="b=c""#),
        // What a peer may try: a record of its own, a command to the terminal, an end of line of Unicode's.
        Row(
            label: "a]\n[b",
            message: "x\r\n2026-11-24 00:00:00,000 INFO  [root] all is well",
            metadata: [("k\nl", "v\n2026 forged")],
            line: #"2026-11-24 02:04:06,007 INFO  [a]\n[b] x\r\n2026-11-24 00:00:00,000 INFO  [root] all is well "#
                + #"k\nl="v\n2026 forged""#
        ),
        Row(
            message: "\u{1B}[2J\u{7F}\u{85}\u{2028}\u{202E}\0\t",
            metadata: [("b", "\u{2066}"), ("c", "é😀")],
            line:
                #"2026-11-24 02:04:06,007 INFO  [agent] \u{1b}[2J\u{7f}\u{85}\u{2028}\u{202e}\u{0}\t b="\u{2066}" c=é😀"#
        ),
        // A combining mark behind a line feed makes one Character of Swift's, not one scalar.
        Row(message: "a\n\u{301}b", line: #"2026-11-24 02:04:06,007 INFO  [agent] a\n\#u{301}b"#),
        // A no-break space is a blank too.
        Row(metadata: [("k", "a\u{A0}b")], line: "2026-11-24 02:04:06,007 INFO  [agent] m k=\"a\u{A0}b\""),
    ]

    @Test(arguments: rows) func writes(_ row: Row) {
        let bytes = LogLine.bytes(
            time: Self.time,
            level: row.level,
            label: row.label,
            message: row.message,
            metadata: row.metadata
        )
        #expect(String(decoding: bytes, as: UTF8.self) == row.line + "\n")
        #expect(bytes.count { $0 == UInt8(ascii: "\n") } == 1)
    }

    @Test func cutsLongLinesBetweenCharacters() {
        let bytes = LogLine.bytes(
            time: Self.time,
            level: .info,
            label: "a",
            message: String(repeating: "é", count: LogLine.longest),
            metadata: []
        )
        // 34 bytes stand in front of the message.
        let kept = (LogLine.longest - 34) / 2
        let line = "2026-11-24 02:04:06,007 INFO  [a] " + String(repeating: "é", count: kept)
        let rest = (LogLine.longest - kept) * 2
        #expect(String(validating: bytes, as: UTF8.self) == "\(line) (\(rest) bytes more)\n")
    }
}
