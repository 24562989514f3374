import Events
import NIOCore
import Testing

@testable import Agent

@Suite("Lines of a byte stream")
struct LineBatcherTests {
    static func lines(
        _ reads: [[UInt8]],
        limits: LineBatcher.Limits = .init(lines: 1000),
        charset: JavaCharset = .utf8
    ) -> [[UInt8]] {
        var batcher = LineBatcher(limits: limits, charset: charset)
        var lines: [[UInt8]] = []
        func collect() {
            while true {
                batcher.gather()
                guard batcher.gathered > 0 else { return }
                lines += batcher.take().events.map { Array(buffer: $0.body) }
            }
        }
        for read in reads {
            batcher.receive(ByteBuffer(bytes: read))
            collect()
        }
        batcher.end()
        collect()
        #expect(batcher.isDrained)
        return lines
    }

    @Test(
        "LF, CR and CR LF end a line; the last may have no end",
        arguments: [
            ("", []),
            ("a\n", ["a"]),
            ("a", ["a"]),
            ("a\nb", ["a", "b"]),
            ("a\rb\r", ["a", "b"]),
            ("a\r\nb\r\n", ["a", "b"]),
            ("\n", [""]),
            ("\r", [""]),
            ("\r\n", [""]),
            ("\n\n", ["", ""]),
            ("\r\r", ["", ""]),
            ("\n\r", ["", ""]),
            ("\r\n\r\n", ["", ""]),
            ("a\r\r\nb", ["a", "", "b"]),
            ("a\n\rb", ["a", "", "b"]),
            ("a\r\n\nb", ["a", "", "b"]),
            (" a \t\n", [" a \t"]),
        ]
    )
    func endings(text: String, expected: [String]) {
        let bytes = Array(text.utf8)
        let wanted = expected.map { Array($0.utf8) }
        // Whole, and cut at every place, and byte by byte.
        #expect(Self.lines([bytes]) == wanted)
        for cut in 0...bytes.count {
            #expect(Self.lines([Array(bytes[..<cut]), Array(bytes[cut...])]) == wanted, "cut at \(cut)")
        }
        #expect(Self.lines(bytes.map { [$0] }) == wanted)
        // A batch of one line pauses the scan behind every line.
        #expect(Self.lines([bytes], limits: .init(lines: 1)) == wanted)
    }

    @Test(
        "Malformed UTF-8 becomes U+FFFD as Java decodes it",
        arguments: [
            ([0x61, 0xFF, 0x62], "a\u{FFFD}b"),
            ([0xC3, 0xA9], "é"),
            ([0xC3], "\u{FFFD}"),
            ([0xC0, 0x80], "\u{FFFD}\u{FFFD}"),
            ([0xE2, 0x82], "\u{FFFD}"),
            ([0xE2, 0x82, 0x41], "\u{FFFD}A"),
            ([0xE0, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xED, 0xA0, 0x80], "\u{FFFD}"),
            ([0xED, 0xA0, 0x41], "\u{FFFD}A"),
            ([0xF0, 0x9F, 0x98], "\u{FFFD}"),
            ([0xF0, 0x9F, 0x98, 0x80], "😀"),
            ([0xF0, 0x80, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xF4, 0x90, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xF5, 0x80], "\u{FFFD}\u{FFFD}"),
            ([0xC3, 0xA9, 0x80, 0xC3, 0xA9], "é\u{FFFD}é"),
        ] as [([UInt8], String)]
    )
    func repair(bytes: [UInt8], expected: String) {
        #expect(Self.lines([bytes + [0x0A]]) == [Array(expected.utf8)])
        // Without an end, and in pieces.
        #expect(Self.lines(bytes.map { [$0] }) == [Array(expected.utf8)])
    }

    @Test("Latin 1 keeps bytes, ASCII has none above 0x7F")
    func charsets() {
        #expect(Self.lines([[0x61, 0xE9, 0x0A]], charset: .latin1) == [[0x61, 0xE9]])
        #expect(Self.lines([[0x61, 0xE9, 0x0A]], charset: .ascii) == [[0x61, 0x3F]])
    }

    @Test("Nothing is gathered beyond one full batch; what is behind it stays unread")
    func fullBatch() {
        var batcher = LineBatcher(limits: .init(lines: 2), charset: .utf8)
        batcher.receive(ByteBuffer(string: "1\n2\n3\n4\n5"))
        batcher.gather()
        #expect(batcher.gathered == 2)
        #expect(batcher.isFull)
        #expect(!batcher.wantsBytes)
        #expect(batcher.take().events.map { String(buffer: $0.body) } == ["1", "2"])
        batcher.gather()
        #expect(batcher.take().events.map { String(buffer: $0.body) } == ["3", "4"])
        batcher.gather()
        #expect(batcher.gathered == 0)
        #expect(batcher.wantsBytes)
        #expect(!batcher.isDrained)
    }

    @Test("A batch is full by its bytes too")
    func batchBytes() {
        var batcher = LineBatcher(limits: .init(lines: 1000, batchBytes: 100), charset: .utf8)
        batcher.receive(ByteBuffer(string: String(repeating: String(repeating: "x", count: 59) + "\n", count: 5)))
        batcher.gather()
        #expect(batcher.gathered == 2)
    }

    @Test("A line that is too long is cut between characters, and its rest is a line of its own")
    func longLine() {
        let limits = LineBatcher.Limits(lines: 1000, lineBytes: 10)
        func cut(_ text: String, by size: Int) -> (lines: [String], cuts: Int) {
            var batcher = LineBatcher(limits: limits, charset: .utf8)
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                batcher.receive(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
                batcher.gather()
            }
            batcher.end()
            batcher.gather()
            return (batcher.take().events.map { String(buffer: $0.body) }, batcher.cuts)
        }
        #expect(cut("0123456789\nab\n", by: 4) == (["0123456789", "ab"], 0))
        #expect(cut("0123456789abc\nd\n", by: 4) == (["0123456789", "abc", "d"], 1))
        #expect(cut("0123456789ABCDEFGHIJabc", by: 23) == (["0123456789", "ABCDEFGHIJ", "abc"], 2))
        #expect(cut("012345678éab", by: 3) == (["012345678", "éab"], 1))
    }
}
