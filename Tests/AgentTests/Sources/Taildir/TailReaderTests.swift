import Events
import Foundation
import NIOCore
import Testing

@testable import Agent

/// One open file, read on after it was written anew.
@Suite struct TailReaderTests {
    private func reader(_ path: String) throws -> TailReader {
        TailReader(try OpenFile(path), from: .start) { start in
            LineCutter(
                from: start,
                limits: .init(events: 100, lineBytes: 1 << 20),
                headers: EventHeaders([], offset: false),
                joiner: nil
            )
        }
    }

    private func body(_ cuts: [LineCutter.Cut]) -> [String] {
        cuts.flatMap { $0.batch.events }.map { String(buffer: $0.body) }
    }

    /// As `copytruncate` leaves it where a writer is quick: as long as before and longer, with the bytes in front of the old
    /// end that stood there before. Only its first bytes tell.
    @Test(arguments: [60, 80, 300]) func grownAgainBehindTheSameBytes(length: Int) throws {
        let directory = try TestDirectory()
        let path = directory.path + "/a.log"
        let fill = String(repeating: "x", count: length)
        try Data("line 1 \(fill)\n".utf8).write(to: URL(fileURLWithPath: path))
        let reader = try reader(path)
        let blocks = ReadBlocks()
        #expect(body(reader.read(batches: 8, blocks: blocks).cuts) == ["line 1 \(fill)"])
        try #require(truncate(path, 0) == 0)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.write(contentsOf: Data("line 2 \(fill)\nline 3\n".utf8))
        try file.close()
        let outcome = reader.read(batches: 8, blocks: blocks)
        guard case .rewritten(let end, let rest) = outcome.ending else {
            Issue.record("read on: \(body(outcome.cuts))")
            return
        }
        #expect(end.offset == UInt64(length + 8))
        #expect(rest.isEmpty && outcome.cuts.isEmpty)
        #expect(body(reader.read(batches: 8, blocks: blocks).cuts) == ["line 2 \(fill)", "line 3"])
    }

    /// What is appended is read on.
    @Test func appended() throws {
        let directory = try TestDirectory()
        let path = directory.path + "/a.log"
        let lines = (1...20).map { "line \($0) \(String(repeating: "y", count: 90))" }
        let blocks = ReadBlocks()
        try Data().write(to: URL(fileURLWithPath: path))
        let reader = try reader(path)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        for line in lines {
            try file.write(contentsOf: Data((line + "\n").utf8))
            #expect(body(reader.read(batches: 8, blocks: blocks).cuts) == [line])
        }
        try file.close()
    }
}
