import Events
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Agent

/// Lines that stand only in a gzip file when they are to be read.
@Suite("taildir gzip", .serialized, .timeLimit(.minutes(3)))
struct TaildirGzipTests {
    /// How a file is rotated: what becomes of `a.log`.
    enum Rotation: CaseIterable, Sendable {
        case copied, renamed
    }

    /// A pattern that also matches what rotation makes of the names, gzip files too.
    private func values(_ rig: TailRig, matching: Bool) -> [String: String] {
        matching ? ["filegroups.g": rig.folder + #"/.*\.log.*"#] : [:]
    }

    private func rotate(_ rotation: Rotation, _ rig: TailRig) throws {
        switch rotation {
        case .copied: try rig.copyTruncate("a.log", "a.log.1")
        case .renamed: try rig.rename("a.log", "a.log.1")
        }
    }

    /// `a.log` with `first` delivered, and the agent stopped; then the text that was not read.
    private func stopped(
        first: String = "first line\n",
        unread: String = "second line\n",
        _ values: [String: String] = [:]
    ) async throws -> TailRig {
        let rig = try TailRig()
        try rig.append("a.log", first)
        try await rig.start(values.mapValues { $0.replacing("FOLDER", with: rig.folder) })
        #expect(await rig.lines(first.split(separator: "\n").count).joined(separator: "\n") + "\n" == first)
        await rig.stop()
        try rig.append("a.log", unread)
        return rig
    }

    private func text(_ count: Int, from first: Int = 0) -> String {
        (first..<first + count).map { "line \($0) \(String(repeating: "x", count: $0 % 113))\n" }.joined()
    }

    private func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    @Test(
        "Rotated and compressed while the agent is down: the rest comes out of the gzip file, once",
        arguments: Rotation.allCases,
        [false, true]
    )
    func whileDown(rotation: Rotation, matching: Bool) async throws {
        let headers = ["byteOffsetHeader": "true", "fileHeader": "true"]
        let pattern = matching ? ["filegroups.g": #"FOLDER/.*\.log.*"#] : [:]
        let rig = try await stopped(pattern)
        let values = values(rig, matching: matching).merging(headers) { $1 }
        try rotate(rotation, rig)
        try rig.gzip("a.log.1")
        try rig.append("a.log", "third line, longer than what was there\n")
        try await rig.restart(values)
        let events = await rig.harness.drain(2)
        let found = Dictionary(events.map { (String(buffer: $0.body), $0.headers) }) { first, _ in first }
        #expect(found["second line"] == ["byteoffset": "11", "file": rig.path("a.log")])
        #expect(found["third line, longer than what was there"] == ["byteoffset": "0", "file": rig.path("a.log")])
        #expect(await rig.more(.seconds(2)) == [])
        try await rig.restart(values)
        #expect(await rig.more(.seconds(2)) == [])
        try rig.append("a.log", "fourth line\n")
        #expect(await rig.lines(1) == ["fourth line"])
        await rig.stop()
    }

    @Test(
        "Killed, then rotated and compressed: what was delivered behind the last position comes again, no more",
        arguments: Rotation.allCases
    )
    func killed(rotation: Rotation) async throws {
        let rig = try TailRig()
        try await rig.start()
        try rig.append("a.log", text(1000))
        #expect(await rig.lines(1000).count == 1000)
        let size = try FileStatus.of(rig.path("a.log")).size
        #expect(await Harness.eventually { rig.positions()["a.log"] == size })
        try await rig.restart(["writePosInterval": "60000"])
        try rig.append("a.log", text(300, from: 1000))
        #expect(await rig.lines(300).count == 300)
        try await rig.kill()
        try rig.append("a.log", text(500, from: 1300))
        try rotate(rotation, rig)
        try rig.gzip("a.log.1")
        try rig.append("a.log", text(10, from: 1800))
        try await rig.restart()
        #expect(await rig.lines(810).sorted() == lines(text(810, from: 1000)).sorted())
        #expect(await rig.more() == [])
        await rig.stop()
    }

    @Test("Killed between the writes of the two position files, then rotated and compressed: nothing is lost")
    func killedBetweenTheFiles() async throws {
        let rig = try await stopped()
        let marks = URL(fileURLWithPath: rig.positionFile + ".ids")
        let older = try Data(contentsOf: marks)
        try await rig.restart()
        #expect(await rig.lines(1) == ["second line"])
        await rig.stop()
        try older.write(to: marks)
        try rig.append("a.log", "third line\n")
        try rotate(.renamed, rig)
        try rig.gzip("a.log.1")
        try await rig.restart()
        #expect(await rig.lines(2) == ["second line", "third line"])
        #expect(await rig.more() == [])
        await rig.stop()
    }

    /// What the watch opens is no copy here: the copy is made elsewhere.
    @Test("Copied, compressed and emptied faster than the agent looks, with lines that were not read")
    func whileRunning() async throws {
        let rig = try TailRig(Harness(capacity: 1))
        let values = ["batchSize": "1", "maxBatchCount": "1"]
        try rig.append("a.log", "1\n")
        try await rig.start(values)
        #expect(await rig.lines(1) == ["1"])
        let filler = String(repeating: "x", count: 2_000)
        let count = 2_000
        try rig.append("a.log", (0..<count).map { "\($0) \(filler)\n" }.joined())
        _ = await Harness.eventually { rig.harness.channel.size == 1 }
        try FileManager.default.createDirectory(
            atPath: rig.directory.path + "/aside",
            withIntermediateDirectories: true
        )
        try FileManager.default.copyItem(atPath: rig.path("a.log"), toPath: rig.path("../aside/a"))
        try rig.gzip("../aside/a")
        try rig.rename("../aside/a.gz", "a.log.1.gz")
        try rig.truncate("a.log")
        try rig.append("a.log", "last\n")
        let lines = await rig.lines(count + 1).map { String($0.prefix { $0 != " " }) }
        #expect(lines.sorted() == ((0..<count).map(String.init) + ["last"]).sorted())
        #expect(await rig.more() == [])
        await rig.stop()
    }

    @Test("Stopped, or killed, in the middle of a gzip file: read on from there", arguments: [false, true])
    func restartInTheMiddle(isKilled: Bool) async throws {
        let count = 30_000
        let (first, unread) = (text(10), text(count, from: 10))
        let rig = try await stopped(first: first, unread: unread)
        try rotate(.copied, rig)
        try rig.gzip("a.log.1")
        try rig.append("a.log", "new\n")
        // Room for a third of it: the source stands still.
        try await rig.restart(harness: Harness(capacity: count / 3))
        var seen = await rig.lines(count / 6)
        #expect(await Harness.eventually { rig.harness.channel.size > count / 3 - 100 })
        #expect(await Harness.eventually { rig.positions()["a.log.1.gz"] ?? 0 > 100_000 })
        if isKilled { try await rig.kill() } else { await rig.stop() }
        seen += await rig.lines(rig.harness.channel.size)
        #expect(seen.count < count)
        let position = try Int(#require(rig.positions()["a.log.1.gz"]))
        let isPast = Set(lines(String(decoding: (first + unread).utf8.dropFirst(position), as: UTF8.self)))
        // A stop writes where it stands; a kill leaves what came since the last position.
        let again = seen.filter(isPast.contains)
        #expect(isKilled || again.isEmpty)
        try await rig.restart()
        seen += await rig.lines(count + 1 - Set(seen).count)
        seen += await rig.more()
        #expect(Set(seen) == Set(lines(unread) + ["new"]))
        #expect(seen.count - Set(seen).count == again.count)
        await rig.stop()
    }

    @Test(
        "A gzip file that is still being written is waited for, also over a restart",
        arguments: [false, true],
        [false, true]
    )
    func unfinished(restarts: Bool, matching: Bool) async throws {
        let rig = try await stopped(first: text(10), unread: text(500, from: 10))
        let values = values(rig, matching: matching)
        let whole = PlainDeflater.gzip(text(510))
        try rig.truncate("a.log")
        try rig.replace("a.log.1.gz", with: Array(whole.prefix(whole.count / 2)))
        try rig.append("a.log", "new\n")
        try await rig.restart(values)
        #expect(await rig.lines(1) == ["new"])
        #expect(await rig.more(.seconds(1)) == [])
        if restarts { try await rig.restart(values) }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: rig.path("a.log.1.gz")))
        try handle.seekToEnd()
        try handle.write(contentsOf: whole.dropFirst(whole.count / 2).dropLast())
        #expect(await rig.more(.seconds(1)) == [])
        try handle.write(contentsOf: whole.suffix(1))
        #expect(await rig.lines(500) == lines(text(500, from: 10)))
        #expect(await rig.more() == [])
        try await rig.restart(values)
        #expect(await rig.more(.seconds(1)) == [])
        await rig.stop()
    }

    @Test("A damaged gzip file is told once, and read when it is repaired")
    func damaged() async throws {
        let rig = try await stopped()
        let whole = PlainDeflater.gzip("first line\nsecond line\n")
        var bytes = whole
        bytes[whole.count - 8] ^= 1
        try rig.truncate("a.log")
        try rig.replace("a.log.1.gz", with: bytes)
        try rig.append("a.log", "new\n")
        try await rig.restart()
        #expect(await rig.lines(1) == ["new"])
        #expect(await rig.more(.seconds(7)) == [])
        let told = rig.harness.log.lines.filter { $0.message.contains("is not whole") }
        #expect(told.count == 1)
        let metadata = told.first.map { "\($0)" } ?? ""
        for part in [rig.path("a.log.1.gz"), "incorrect data check", "zcat", "11"] { #expect(metadata.contains(part)) }
        try await rig.restart()
        #expect(await rig.more() == [])
        try rig.replace("a.log.1.gz", with: whole)
        #expect(await rig.lines(1) == ["second line"])
        #expect(await rig.more() == [])
        await rig.stop()
    }

    @Test("Members one behind the other are one content")
    func members() async throws {
        let rig = try await stopped(first: text(10), unread: text(500, from: 10))
        try rig.truncate("a.log")
        let pieces = [text(4), text(200, from: 4), "", text(306, from: 204)]
        try rig.replace("a.log.1.gz", with: pieces.flatMap(PlainDeflater.gzip))
        try await rig.restart()
        #expect(await rig.lines(500) == lines(text(500, from: 10)))
        #expect(await rig.more() == [])
        await rig.stop()
    }

    @Test(
        "Gzip files of other contents are not taken: another beginning, other bytes later, less than was delivered, older ones"
    )
    func foreign() async throws {
        let rig = try await stopped(first: text(100), unread: text(5, from: 100))
        try rig.truncate("a.log")
        try rig.replace("b.gz", with: PlainDeflater.gzip(text(200, from: 50)))
        try rig.replace("c.gz", with: PlainDeflater.gzip(text(50) + "other\n" + text(200, from: 51)))
        try rig.replace("d.gz", with: PlainDeflater.gzip(text(99)))
        // Written to last before the content was read so far: no place for what came later.
        try rig.replace("e.gz", with: PlainDeflater.gzip(text(300)))
        let old = [timeval(tv_sec: time(nil) - 60, tv_usec: 0), timeval(tv_sec: time(nil) - 60, tv_usec: 0)]
        try #require(utimes(rig.path("e.gz"), old) == 0)
        try await rig.restart()
        #expect(await rig.more(.seconds(1)) == [])
        try rig.append("a.log", "new\n")
        #expect(await rig.lines(1) == ["new"])
        await rig.stop()
    }

    @Test(
        "An inode number that another file has now, under a name that does not match: the lines come from the gzip file alone"
    )
    func reusedInode() async throws {
        let rig = try await stopped()
        try rotate(.renamed, rig)
        try rig.replace("keep.gz", with: PlainDeflater.gzip("first line\nsecond line\n"))
        // The same inode, whatever the file system would give out.
        try rig.truncate("a.log.1")
        try rig.append("a.log.1", "nobody asked for this line\n")
        try await rig.restart()
        #expect(await rig.lines(1) == ["second line"])
        #expect(await rig.more() == [])
        await rig.stop()
    }

    @Test(
        "Where gzip files match: one of known lines repeats none; compressed at once, or a rotation later",
        arguments: [false, true]
    )
    func matching(isLate: Bool) async throws {
        let rig = try TailRig()
        let values = values(rig, matching: true).merging(["idleTimeout": isLate ? "100" : "120000"]) { $1 }
        try rig.append("a.log", text(100))
        try await rig.start(values)
        #expect(await rig.lines(100).count == 100)
        try rig.rename("a.log", "a.log.1")
        try rig.append("a.log", "new\n")
        #expect(await rig.lines(1) == ["new"])
        if isLate { #expect(await Harness.eventually { rig.harness.counters.openConnections.value == 0 }) }
        try rig.gzip("a.log.1")
        #expect(await rig.more(.seconds(3)) == [])
        try rig.rename("a.log.1.gz", "a.log.2.gz")
        #expect(await rig.more() == [])
        try await rig.restart(values)
        #expect(await rig.more(.seconds(2)) == [])
        await rig.stop()
    }

    @Test("Where gzip files match: what was read to its end is not inflated again at a start")
    func notInflatedAgain() async throws {
        let rig = try TailRig()
        let values = values(rig, matching: true).merging(["idleTimeout": "100"]) { $1 }
        try rig.append("a.log", text(1000))
        try await rig.start(values)
        #expect(await rig.lines(1000).count == 1000)
        try rig.rename("a.log", "a.log.1")
        try rig.gzip("a.log.1")
        #expect(await Harness.eventually { rig.positions()["a.log.1.gz"] == UInt64(text(1000).utf8.count) })
        await rig.stop()
        // Damaged, with its old time: who inflates it sees that.
        let status = try FileStatus.of(rig.path("a.log.1.gz"))
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: rig.path("a.log.1.gz"))))
        bytes[bytes.count - 6] ^= 1
        try rig.replace("a.log.1.gz", with: bytes)
        let time = timespec(
            tv_sec: Int(status.modified / 1_000_000_000),
            tv_nsec: Int(status.modified % 1_000_000_000)
        )
        try #require(utimensat(AT_FDCWD, rig.path("a.log.1.gz"), [time, time], 0) == 0)
        try await rig.restart(values)
        #expect(await rig.more(.seconds(2)) == [])
        #expect(!rig.harness.log.messages.contains { $0.contains("is not whole") })
        // With another time it is looked into.
        try #require(utimes(rig.path("a.log.1.gz"), nil) == 0)
        try await rig.restart(values)
        #expect(await Harness.eventually { rig.harness.log.messages.contains { $0.contains("is not whole") } })
        await rig.stop()
        #expect(await rig.more(.milliseconds(10)) == [])
    }

    @Test("Where gzip files match: one of other lines is read as the bytes that it is, as Flume does")
    func matchingForeign() async throws {
        let rig = try TailRig()
        try rig.append("a.log", text(100))
        try await rig.start(values(rig, matching: true))
        #expect(await rig.lines(100).count == 100)
        let packed = PlainDeflater.gzip(text(50, from: 500)) + [0x0A]
        try rig.replace("b.log.gz", with: packed)
        let count = packed.count { $0 == 0x0A }
        let events = await rig.harness.drain(count)
        #expect(events.flatMap { Array($0.body.readableBytesView) + [0x0A] }.count <= packed.count)
        #expect(events.first.map { Array($0.body.readableBytesView.prefix(2)) } == [0x1F, 0x8B])
        await rig.stop()
        #expect(rig.positions()["b.log.gz"] == UInt64(packed.count))
    }
}
