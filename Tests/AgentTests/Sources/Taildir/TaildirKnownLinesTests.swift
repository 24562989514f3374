import Events
import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Agent

/// Known lines in files that nobody knows by their inode numbers, and unknown ones in files with a known inode number.
@Suite("taildir: known lines elsewhere", .serialized, .timeLimit(.minutes(3)))
struct TaildirKnownLinesTests {
    private func values(_ rig: TailRig) -> [String: String] { ["filegroups.g": rig.folder + #"/.*\.log.*"#] }

    private func text(_ count: Int, from first: Int = 0) -> String {
        (first..<first + count).map { "line \($0) \(String(repeating: "x", count: $0 % 113))\n" }.joined()
    }

    private func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    /// A rig whose first agent has delivered this text of a file, and stopped.
    private func delivered(
        _ text: String,
        of file: String,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) async throws -> TailRig {
        let rig = try TailRig()
        try rig.append(file, text)
        try await rig.start()
        #expect(await rig.lines(lines(text).count) == lines(text), sourceLocation: sourceLocation)
        await rig.stop()
        return rig
    }

    @Test("An inode number that was used again for a file of known lines: none is repeated", arguments: [false, true])
    func reusedForKnownLines(isPacked: Bool) async throws {
        let rig = try TailRig()
        try rig.append("a.log", text(100))
        try rig.append("b.log", "other line\n")
        try await rig.start(values(rig))
        #expect(await rig.lines(101).count == 101)
        await rig.stop()
        // The same inode, whatever the file system would give out.
        let new = text(100) + "more\n"
        try rig.truncate("b.log")
        try rig.append("b.log", isPacked ? PlainDeflater.gzip(new) : Array(new.utf8))
        try rig.rename("b.log", isPacked ? "a.log.1.gz" : "a.log.1")
        try rig.remove("a.log")
        try await rig.restart(values(rig))
        #expect(await rig.more(.seconds(3)) == ["more"])
        try await rig.restart(values(rig))
        #expect(await rig.more(.seconds(2)) == [])
        await rig.stop()
    }

    @Test("An inode number that was used again: the header names the file that has it now")
    func header() async throws {
        let rig = try await delivered("old line\n", of: "b.log")
        try rig.truncate("b.log")
        try rig.append("b.log", "new line\n")
        try rig.rename("b.log", "c.log")
        try await rig.restart(["fileHeader": "true"])
        #expect(await rig.harness.drain(1).map(\.headers) == [["file": rig.path("c.log")]])
        await rig.stop()
    }

    /// A writer that kept the renamed file open: what it wrote behind the end of the gzip file was delivered too.
    @Test("A gzip file that ends in front of what was delivered, seen after a restart: a batch twice at most")
    func endsBefore() async throws {
        let rig = try TailRig()
        let values = values(rig).merging(["batchSize": "10"]) { $1 }
        try rig.append("a.log", text(100))
        try await rig.start(values)
        #expect(await rig.lines(100).count == 100)
        await rig.stop()
        try rig.replace("a.log.1.gz", with: PlainDeflater.gzip(text(95)))
        try rig.remove("a.log")
        try await rig.restart(values)
        #expect(await rig.more(.seconds(3)) == lines(text(5, from: 90)))
        await rig.stop()
    }

    @Test("A file that comes back while its lines are looked for in gzip files: they are delivered once")
    func comesBack() async throws {
        let rig = try await delivered("first line\n", of: "a.log")
        try rig.append("a.log", "second line\n")
        try rig.rename("a.log", "../aside")
        // Inflated before the other, for a while, and not whole.
        let long = PlainDeflater.gzip(String(repeating: "\0", count: 16 << 20))
        let slow = PlainDeflater.gzip("first line\n") + Array(repeatElement(long, count: 64).joined()).dropLast()
        try rig.replace("0.gz", with: slow)
        try rig.replace("1.gz", with: PlainDeflater.gzip("first line\nsecond line\n"))
        let later = timeval(tv_sec: time(nil) + 5, tv_usec: 0)
        try #require(utimes(rig.path("1.gz"), [later, later]) == 0)
        try await rig.restart()
        #expect(
            await Harness.eventually { rig.harness.log.messages.contains("a file of the position file is gone") }
        )
        try rig.rename("../aside", "a.log")
        #expect(await rig.lines(1) == ["second line"])
        #expect(await rig.more(.seconds(6)) == [])
        try rig.append("a.log", "third line\n")
        #expect(await rig.lines(1) == ["third line"])
        await rig.stop()
    }

    /// Such a name is a guess where files are renamed faster than anybody looks.
    @Test("The name that a gzip file had when it was found to go on with known lines: no other file is read for it")
    func nameOfAnother() async throws {
        let rig = try await delivered("first line\n", of: "a.log")
        try rig.append("a.log", "second line\n")
        try rig.rename("a.log", "a.log.1")
        try rig.gzip("a.log.1")
        try await rig.restart()
        #expect(await rig.lines(1) == ["second line"])
        // Gone where nobody is told of it.
        try rig.rename("a.log.1.gz", "../aside")
        #expect(await rig.more() == [])
        try rig.replace("a.log.1.gz", with: PlainDeflater.gzip("nobody asked for this line\n") + [0x0A])
        #expect(await rig.more() == [])
        try rig.rename("a.log.1.gz", "a.log.2.gz")
        #expect(await rig.more(.seconds(1)) == [])
        await rig.stop()
    }

    @Test("A gzip file that has the inode number of a file of which nothing was read, and no matching name: not read")
    func numberOfNothing() async throws {
        let rig = try await delivered("line\n", of: "a.log")
        try rig.append("b.gz", PlainDeflater.gzip("nobody asked for this line\n") + [0x0A])
        let inode = try rig.inode("b.gz")
        let text = #"[{"inode":\#(inode),"pos":0,"file":"\#(rig.path("b.log"))"}]"#
        try text.write(toFile: rig.positionFile, atomically: false, encoding: .utf8)
        try rig.remove("a.log")
        try await rig.restart()
        #expect(await rig.more(.seconds(1)) == [])
        await rig.stop()
    }

    @Test("A new file that is renamed while it is empty, and written to then")
    func renamedWhileEmpty() async throws {
        let rig = try TailRig()
        try await rig.start()
        try rig.append("a.log", "")
        let writer = open(rig.path("a.log"), O_WRONLY | O_APPEND)
        defer { close(writer) }
        #expect(await rig.more(.milliseconds(300)) == [])
        try rig.rename("a.log", "a.log.1")
        #expect(await rig.more(.milliseconds(600)) == [])
        _ = write(writer, "line\n", 5)
        #expect(await rig.lines(1, patience: .seconds(5)) == ["line"])
        await rig.stop()
    }

    @Test("Lines of a file with a name that does not match are looked for over a restart")
    func soughtOverARestart() async throws {
        let rig = try await delivered("first line\n", of: "a.log")
        // As it is written of a file that was renamed while it was read.
        for file in [rig.positionFile, rig.positionFile + ".ids"] {
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try text.replacing("a.log", with: "a.log.1").write(toFile: file, atomically: false, encoding: .utf8)
        }
        let whole = PlainDeflater.gzip("first line\nsecond line\n")
        try rig.replace("a.log.1.gz", with: Array(whole.dropLast(9)))
        try rig.remove("a.log")
        try await rig.restart()
        #expect(await rig.more() == [])
        try await rig.restart()
        #expect(await rig.more() == [])
        try rig.replace("a.log.1.gz", with: whole)
        #expect(await rig.lines(1) == ["second line"])
        await rig.stop()
    }

    /// The first look and the look at the renamed file run one behind the other, when both have been asked for.
    @Test("A renamed file with a known one's inode number is read, although nobody saw it under its own name")
    func renamedWithAUsedInode() async throws {
        let rig = try await delivered("old line\n", of: "b.log")
        try rig.truncate("b.log")
        try rig.append("b.log", "new line\n")
        try rig.rename("b.log", "b.old")

        let context = rig.harness.source([
            "filegroups": "g", "filegroups.g": rig.folder + #"/.*\.log"#, "positionFile": rig.positionFile,
        ])
        let loop = Harness.group.next()
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        let gate = DispatchSemaphore(value: 0)
        pool.submit { _ in gate.wait() }
        let driver = TaildirDriver(
            settings: try TaildirSettings(context.settings, process: context.process),
            processor: context.processor,
            counters: context.counters,
            eventLoop: loop,
            pool: pool,
            logger: context.logger
        )
        let stored = try PositionStore(path: rig.positionFile).load().files
        let (old, new) = (rig.path("b.log"), rig.path("b.old"))
        try await loop.submit {
            driver.assumeIsolated { driver in
                driver.begin(stored)
                driver.chased[new] = .init(first: old, key: nil, since: .now())
                driver.chase(new)
            }
        }.get()
        gate.signal()
        #expect(await rig.lines(1, patience: .seconds(5)) == ["new line"])
        #expect(await rig.more() == [])
        try await driver.quiesce().get()
        try await driver.end().get()
        try await pool.shutdownGracefully()
    }
}
