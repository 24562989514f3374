import Events
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Agent

@Suite struct LineCutterTests {
    private func cutter(
        events: Int = 100,
        lineBytes: Int = 1 << 20,
        offset: Bool = false,
        start: String? = nil,
        lines: Int = 100,
        bytes: Int = 1 << 20
    ) throws -> LineCutter {
        LineCutter(
            from: .start,
            limits: .init(events: events, lineBytes: lineBytes),
            headers: EventHeaders([], offset: offset),
            joiner: try start.map {
                RecordJoiner(
                    pattern: try RegularExpression($0, matchesWhole: false),
                    limits: .init(lines: lines, bytes: bytes)
                )
            }
        )
    }

    private func feed(_ text: some Sequence<UInt8>, to cutter: inout LineCutter, batches: Int = .max) -> Int {
        Array(text).withUnsafeBytes { cutter.feed($0, batches: batches) }
    }

    private func bodies(_ cuts: [LineCutter.Cut]) -> [String] {
        cuts.flatMap { $0.batch.events }.map { String(buffer: $0.body) }
    }

    private static func hash(_ bytes: some Sequence<UInt8>) -> ContentHash {
        var hash = ContentHash()
        Array(bytes).withUnsafeBytes { hash.update($0) }
        return hash
    }

    @Test(
        "Lines end at LF, one CR is taken off, the rest waits",
        arguments: [
            ("a\nb\n", ["a", "b"], 4), ("a\r\nb\r\r\n\r\n", ["a", "b\r", ""], 9), ("\n\nx\n", ["", "", "x"], 4),
            ("a\nrest", ["a"], 2), ("rest", [], 0), ("a\rb\n", ["a\rb"], 4), ("\r", [], 0),
        ]
    )
    func lines(text: String, expected: [String], end: Int) throws {
        var cutter = try cutter()
        let used = feed(text.utf8, to: &cutter)
        #expect(used == text.utf8.count)
        cutter.flush()
        let cuts = cutter.takeCuts()
        #expect(bodies(cuts) == expected)
        #expect(cuts.last?.end.offset ?? 0 == UInt64(end))
        #expect(cutter.hasRest == (end < text.utf8.count))
    }

    @Test("What is not complete becomes an event when it is finished, with its CR as in Flume")
    func finish() throws {
        var cutter = try cutter(offset: true)
        _ = feed("a\nbc\r".utf8, to: &cutter)
        cutter.finish()
        let cuts = cutter.takeCuts()
        #expect(bodies(cuts) == ["a", "bc\r"])
        #expect(cuts.last?.end.offset == 5)
        #expect(cuts.flatMap { $0.batch.events }.map { $0.headers["byteoffset"] } == ["0", "2"])
        #expect(!cutter.hasRest)
        _ = feed("d\n".utf8, to: &cutter)
        cutter.flush()
        let last = cutter.takeCuts()
        #expect(bodies(last) == ["d"])
    }

    @Test(
        "A line longer than the limit is cut between characters",
        arguments: [
            ("abcdefgh\nx\n", 4, ["abcd", "efgh", "x"], 1), ("abcd\n", 4, ["abcd"], 0),
            ("aäääb\n", 4, ["aä", "ää", "b"], 2),
            ("\u{1F600}\u{1F600}\n", 4, ["\u{1F600}", "\u{1F600}"], 1),
        ]
    )
    func long(text: String, limit: Int, expected: [String], long: Int) throws {
        for chunk in 1...text.utf8.count {
            var cutter = try cutter(lineBytes: limit)
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let used = feed(rest.prefix(chunk), to: &cutter)
                #expect(used == min(chunk, rest.count))
                rest = rest.dropFirst(chunk)
            }
            cutter.flush()
            let cuts = cutter.takeCuts()
            // A character whose start came in an earlier read may be cut.
            if chunk == text.utf8.count { #expect(bodies(cuts) == expected) }
            let joined = Data(cuts.flatMap { $0.batch.events }.flatMap { Array($0.body.readableBytesView) })
            #expect(joined == Data(text.utf8.filter { $0 != 0x0A }))
            #expect(cuts.last?.end.hash == Self.hash(text.utf8))
            let cut = cutter.takeLongLines()
            if chunk == text.utf8.count { #expect(cut == long) }
        }
    }

    @Test("Records begin where the pattern matches; limits and the end end them")
    func records() throws {
        var cutter = try cutter(events: 2, offset: true, start: "^[^ ]", lines: 3, bytes: 12)
        let text = " lead\nA\r\n 1\n 2\n 3\nB\nCCCC\n 44444\n 5\n"
        _ = feed(text.utf8, to: &cutter)
        cutter.flush()
        var cuts = cutter.takeCuts()
        #expect(bodies(cuts) == [" lead", "A\n 1\n 2", " 3", "B", "CCCC\n 44444"])
        #expect(cuts.flatMap { $0.batch.events }.map { $0.headers["byteoffset"] } == ["0", "6", "15", "18", "20"])
        // A batch ends where the record that waits begins.
        #expect(cuts.map { Int($0.end.offset) } == [15, 20, 32])
        #expect(cuts.map { $0.end.hash } == [15, 20, 32].map { Self.hash(text.utf8.prefix($0)) })
        #expect(cutter.hasRecord)
        cutter.finishRecord()
        cutter.flush()
        cuts = cutter.takeCuts()
        #expect(bodies(cuts) == [" 5"])
        #expect(cuts.last?.end.offset == UInt64(text.utf8.count))
        #expect(!cutter.hasRest)
    }

    /// However the bytes are cut into reads, and whatever the sizes of batches: the lines, the ends and the marks are those
    /// of the whole text.
    @Test func anyReads() throws {
        var random = SeededGenerator.announced("line cutter")
        for _ in 0..<300 {
            let pieces: [[UInt8]] = [[0x0A], [0x0D, 0x0A], [0x61], [0x62, 0x63], [0xFF], [0x20]]
            var text: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<400, using: &random) { text += pieces.randomElement(using: &random) ?? [] }
            let joins = Bool.random(using: &random)
            let events = Int.random(in: 1...7, using: &random)
            var cutter = try cutter(events: events, offset: true, start: joins ? "^a" : nil)
            var cuts: [LineCutter.Cut] = []
            var at = 0
            while at < text.count {
                let count = min(text.count - at, Int.random(in: 1...60, using: &random))
                let used = feed(text[at..<(at + count)], to: &cutter, batches: Int.random(in: 1...3, using: &random))
                try #require(used > 0 || !cutter.cuts.isEmpty)
                at += used
                if Int.random(in: 0..<4, using: &random) == 0 { cutter.flush() }
                cuts += cutter.takeCuts()
            }
            cutter.finish()
            cuts += cutter.takeCuts()

            let expected = Self.model(text, joins: joins)
            let found = cuts.flatMap { $0.batch.events }
            try #require(found.map { Array($0.body.readableBytesView) } == expected.map(\.body))
            try #require(found.map { Int($0.headers["byteoffset"] ?? "") ?? -1 } == expected.map(\.start))
            var index = 0
            for cut in cuts {
                try #require(cut.batch.count <= events || joins)
                index += cut.batch.count
                let end = index < expected.count ? expected[index].start : text.count
                try #require(Int(cut.end.offset) == end)
                try #require(cut.end.hash == Self.hash(text[..<end]))
                try #require(cut.end.head == Array(text[..<end].prefix(256)))
                try #require(cut.end.tail == Array(text[..<end].suffix(64)))
            }
        }
    }

    /// The events of a text, the plain way.
    private static func model(_ text: [UInt8], joins: Bool) -> [(body: [UInt8], start: Int)] {
        var lines: [(body: [UInt8], start: Int)] = []
        var start = 0
        for (index, byte) in text.enumerated() where byte == 0x0A {
            var body = Array(text[start..<index])
            if body.last == 0x0D { body.removeLast() }
            lines.append((body, start))
            start = index + 1
        }
        if start < text.count { lines.append((Array(text[start...]), start)) }
        guard joins else { return lines }
        var records: [(body: [UInt8], start: Int)] = []
        for (index, line) in lines.enumerated() {
            var body = line.body
            // In a record a line without its LF loses its CR too.
            if index == lines.count - 1, start < text.count, body.last == 0x0D { body.removeLast() }
            if body.first == 0x61 || records.isEmpty {
                records.append((body, line.start))
            } else {
                records[records.count - 1].body += [0x0A] + body
            }
        }
        return records
    }
}
