import Foundation
import TestSupport
import Testing

@testable import Agent

@Suite struct GzipLooksTests {
    private let directory: TestDirectory
    private let known = "first line\nsecond line\n"

    init() throws { directory = try TestDirectory() }

    /// - Parameter age: seconds before a fixed time.
    private func write(_ name: String, _ bytes: [UInt8], age: Int = 0) throws {
        let path = directory.path + "/" + name
        try Data(bytes).write(to: URL(fileURLWithPath: path), options: [])
        let time = timeval(tv_sec: 1_700_000_000 - age, tv_usec: 0)
        try #require(utimes(path, [time, time]) == 0)
    }

    private func mark(_ text: String) -> ContentMark {
        let bytes = Array(text.utf8)
        var hash = ContentHash()
        bytes.withUnsafeBytes { hash.update($0) }
        return ContentMark(
            offset: UInt64(bytes.count),
            hash: hash,
            head: Array(bytes.prefix(ContentMark.headLength)),
            tail: Array(bytes.suffix(ContentMark.tailLength))
        )
    }

    private func find(_ text: String, modified: Int64? = nil, _ looks: inout GzipLooks) -> String? {
        let inquiry = CopyFinder.Inquiry(
            mark: mark(text),
            earlier: [],
            modified: modified,
            candidates: [],
            folder: directory.path,
            excluded: []
        ) { start in
            LineCutter(
                from: start,
                limits: .init(events: 100, lineBytes: 1 << 20),
                headers: EventHeaders([], offset: false),
                joiner: nil
            )
        }
        return CopyFinder.find(inquiry, gzips: &looks)?.path.split(separator: "/").last.map(String.init)
    }

    @Test("A file that is not whole is inflated once for each state, and not while it grows")
    func states() throws {
        let whole = PlainDeflater.gzip(known + "third line\n")
        var damaged = whole
        damaged[whole.count - 1] ^= 1
        var looks = GzipLooks()
        try write("x.gz", damaged)
        #expect(find(known, &looks) == nil)
        #expect(looks.unfinished.map(\.reason).first?.contains("damaged") == true)
        // The same size and time: taken for the same file, and not looked into.
        try write("x.gz", whole)
        #expect(find(known, &looks) == nil)
        // Another time: it grows.
        try write("x.gz", whole, age: -1)
        #expect(find(known, &looks) == nil)
        #expect(looks.unfinished.map(\.reason) == ["it is being written"])
        #expect(find(known, &looks) == "x.gz")
    }

    @Test("Only what was changed no earlier than the content's file counts, the earliest first")
    func times() throws {
        for number in 0..<300 { try write("old.\(number).gz", PlainDeflater.gzip(known), age: 100 + number) }
        try write("b.gz", PlainDeflater.gzip(known + "more\n"), age: 50)
        try write("c.gz", PlainDeflater.gzip(known + "more\n"), age: 40)
        var looks = GzipLooks()
        #expect(find(known, modified: 1_699_999_950_000_000_000, &looks) == "b.gz")
        looks = GzipLooks()
        #expect(find(known, modified: 1_699_999_990_000_000_000, &looks) == nil)
        #expect(looks.unfinished.isEmpty)
    }

    @Test("Of files that begin alike so many are inflated, and no more", arguments: [7, 8])
    func alike(others: Int) throws {
        let banner = String(repeating: "banner\n", count: 50)
        for number in 0..<others { try write("x.\(number).gz", PlainDeflater.gzip(banner + "\(number)\n"), age: 100) }
        try write("y.gz", PlainDeflater.gzip(banner + known))
        var looks = GzipLooks()
        #expect(find(banner + "first line\n", &looks) == (others < 8 ? "y.gz" : nil))
    }
}
