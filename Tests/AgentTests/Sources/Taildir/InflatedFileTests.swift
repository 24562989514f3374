import Foundation
import TestSupport
import Testing

@testable import Agent

@Suite struct InflatedFileTests {
    private static func file(_ bytes: [UInt8], _ directory: TestDirectory) throws -> InflatedFile? {
        let path = directory.path + "/x.gz"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return try InflatedFile(OpenFile(path))
    }

    private static let text = (0..<60).map { "line \($0) \($0 * 7919 % 1000)\n" }.joined()

    @Test("Random reads give what the plain text gives, in front and behind, over more blocks than are kept")
    func reads() throws {
        var random = SeededGenerator.announced("inflated reads")
        let directory = try TestDirectory()
        let plain = (0..<2_000_000).map { _ in UInt8.random(in: 0x20...0x3F, using: &random) }
        let cut = Int.random(in: 1..<plain.count, using: &random)
        let packed =
            PlainDeflater(windowBits: 31).write(Array(plain[..<cut]), .finish)
            + PlainDeflater(windowBits: 31).write(Array(plain[cut...]), .finish)
        let file = try #require(try Self.file(packed, directory))
        for _ in 0..<60 {
            let start = Int.random(in: 0...plain.count + 10, using: &random)
            let count = Int.random(in: 0...400_000, using: &random)
            let expected = Array(plain.dropFirst(start).prefix(count))
            #expect(try file.bytes(at: UInt64(start), count: count) == expected, "\(count) at \(start)")
        }
        #expect(try file.ending() == .whole)
        #expect(try file.status().size == UInt64(plain.count))
    }

    @Test("Cut off behind any byte, a file is unfinished and gives only what is in it; no head, no gzip file")
    func truncated() throws {
        let directory = try TestDirectory()
        let packed = PlainDeflater.gzip(Self.text) + PlainDeflater.gzip("more\n")
        let first = PlainDeflater.gzip(Self.text).count
        let all = Array((Self.text + "more\n").utf8)
        for count in 0...packed.count {
            guard let file = try Self.file(Array(packed.prefix(count)), directory) else {
                #expect(count < 3)
                continue
            }
            let isWhole = count == first || count == packed.count
            #expect(try file.ending() == (isWhole ? .whole : .unfinished), "\(count)")
            let bytes = try file.bytes(at: 0, count: 1 << 20)
            #expect(all.starts(with: bytes))
            #expect(count < packed.count || bytes == all)
        }
    }

    @Test("With any bit wrong nothing crashes, and no other text passes for whole")
    func damaged() throws {
        let directory = try TestDirectory()
        let packed = PlainDeflater.gzip(Self.text)
        var damaged = 0
        for at in packed.indices {
            var bytes = packed
            bytes[at] ^= 1 << (at % 8)
            guard let file = try Self.file(bytes, directory) else { continue }
            let ending = try file.ending()
            if case .damaged = ending { damaged += 1 }
            // In the header there are bytes that say nothing of the content.
            if ending == .whole { #expect(try file.bytes(at: 0, count: 1 << 20) == Array(Self.text.utf8)) }
        }
        #expect(damaged > packed.count - 20)
    }

    @Test(
        "What is no member behind one is no part of the content, as for gzip -d",
        arguments: [[0, 0, 0], [1], Array("text".utf8)]
    )
    func trailing(bytes: [UInt8]) throws {
        let directory = try TestDirectory()
        let file = try #require(try Self.file(PlainDeflater.gzip("a\n") + PlainDeflater.gzip("") + bytes, directory))
        #expect(try file.ending() == .whole)
        #expect(try file.bytes(at: 0, count: 10) == Array("a\n".utf8))
    }

    @Test("A file that was whole and is written over fails to be read, and is not taken for shorter")
    func writtenOver() throws {
        let directory = try TestDirectory()
        let text = String(repeating: Self.text, count: 1_000)
        let file = try #require(try Self.file(PlainDeflater.gzip(text), directory))
        #expect(try file.ending() == .whole)
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: directory.path + "/x.gz"))
        try handle.truncate(atOffset: 40)
        #expect(throws: FileFailure.damagedGzip) { try file.bytes(at: 0, count: 1 << 20) }
        #expect(try file.status().size == UInt64(text.utf8.count))
    }
}
