import Events
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Agent

/// What becomes of files while they are followed, and while the agent is down.
@Suite("taildir rotation", .serialized, .timeLimit(.minutes(3)))
struct TaildirRotationTests {
    /// A pattern that also matches what rotation makes of the names.
    private func both(_ rig: TailRig) -> [String: String] { ["filegroups.g": rig.folder + #"/.*\.log.*"#] }

    private func values(_ rig: TailRig, matching: Bool) -> [String: String] { matching ? both(rig) : [:] }

    @Test("Renamed and made anew: the old file is read to its end, nothing twice", arguments: [false, true])
    func rename(matching: Bool) async throws {
        let rig = try TailRig()
        let values = values(rig, matching: matching)
        try rig.append("a.log", "1\n")
        try await rig.start(values)
        #expect(await rig.lines(1) == ["1"])
        try rig.rename("a.log", "a.log.1")
        try rig.append("a.log", "3\n")
        // The writer still has the old file.
        try rig.append("a.log.1", "2\n")
        #expect(await rig.lines(2).sorted() == ["2", "3"])
        try rig.append("a.log.1", "2b\n")
        #expect(await rig.lines(1) == ["2b"])
        #expect(await rig.more() == [])
        try await rig.restart(values)
        #expect(await rig.more() == [])
        await rig.stop()
    }

    @Test("Renamed while the agent is down, with lines that were not read", arguments: [false, true])
    func renamedWhileDown(matching: Bool) async throws {
        let rig = try TailRig()
        let values = values(rig, matching: matching)
        try rig.append("a.log", "1\n")
        try await rig.start(values)
        #expect(await rig.lines(1) == ["1"])
        await rig.stop()
        try rig.append("a.log", "2\n")
        try rig.rename("a.log", "a.log.1")
        try rig.append("a.log", "3\n")
        try await rig.restart(values)
        #expect(await rig.lines(2).sorted() == ["2", "3"])
        #expect(await rig.more() == [])
        try await rig.restart(values)
        #expect(await rig.more() == [])
        await rig.stop()
    }

    @Test("Many renames, faster than anybody looks")
    func fastRenames() async throws {
        let rig = try TailRig()
        try await rig.start()
        // The folder is watched from the first look on, which this line proves.
        try rig.append("b.log", "first\n")
        #expect(await rig.lines(1) == ["first"])
        for round in 0..<10 {
            for number in stride(from: 8, through: 1, by: -1) where access(rig.path("a.log.\(number)"), F_OK) == 0 {
                try rig.rename("a.log.\(number)", "a.log.\(number + 1)")
            }
            if round > 0 { try rig.rename("a.log", "a.log.1") }
            try rig.append("a.log", "\(round)\n")
        }
        #expect(await rig.lines(10).sorted() == (0..<10).map(String.init))
        #expect(await rig.more() == [])
        await rig.stop()
    }

    @Test("Copied and emptied: what was read is not read again from the copy", arguments: [false, true])
    func copyTruncate(matching: Bool) async throws {
        let rig = try TailRig()
        let values = values(rig, matching: matching)
        try rig.append("a.log", "first line\nsecond line\n")
        try await rig.start(values)
        #expect(await rig.lines(2) == ["first line", "second line"])
        try rig.copyTruncate("a.log", "a.log.1")
        try rig.append("a.log", "third line\n")
        #expect(await rig.lines(1) == ["third line"])
        #expect(await rig.more(.seconds(2)) == [])
        try await rig.restart(values)
        #expect(await rig.more() == [])
        await rig.stop()
    }

    @Test("Copied and emptied while the agent is down: the copy is gone on with", arguments: [false, true])
    func copyTruncateWhileDown(matching: Bool) async throws {
        let rig = try TailRig()
        let values = values(rig, matching: matching)
        try rig.append("a.log", "first line\n")
        try await rig.start(values)
        #expect(await rig.lines(1) == ["first line"])
        await rig.stop()
        try rig.append("a.log", "second line\n")
        try rig.copyTruncate("a.log", "a.log.1")
        try rig.append("a.log", "third line, longer than what was there\n")
        try await rig.restart(values)
        #expect(await rig.lines(2).sorted() == ["second line", "third line, longer than what was there"])
        #expect(await rig.more(.seconds(2)) == [])
        await rig.stop()
    }

    @Test("Copied and emptied with lines that were not read: they come from the copy", arguments: [false, true])
    func copyTruncateUnread(matching: Bool) async throws {
        // One event at a time gets into the channel: the source stands still in the middle of the file.
        let rig = try TailRig(Harness(capacity: 1))
        let values = values(rig, matching: matching).merging(["batchSize": "1", "maxBatchCount": "1"]) { $1 }
        try rig.append("a.log", "1\n")
        try await rig.start(values)
        #expect(await rig.lines(1) == ["1"])
        let count = 2_000
        let filler = String(repeating: "x", count: 2_000)
        try rig.append("a.log", (0..<count).map { "\($0) \(filler)\n" }.joined())
        _ = await Harness.eventually { rig.harness.channel.size == 1 }
        try rig.copyTruncate("a.log", "a.log.1")
        try rig.append("a.log", "last\n")
        let lines = await rig.lines(count + 1).map { String($0.prefix { $0 != " " }) }
        #expect(lines.sorted() == ((0..<count).map(String.init) + ["last"]).sorted())
        await rig.stop()
    }

    /// The stop meets the look for the copy, the reading of it, or the time in which a new file is not known for one.
    @Test("Rotated, then stopped within milliseconds: all once", arguments: [false, true], [false, true])
    func stoppedWhileRotating(copies: Bool, matching: Bool) async throws {
        let rig = try TailRig()
        let values = values(rig, matching: matching)
        var written: [String] = []
        func lines(_ count: Int) -> String {
            let new = (written.count..<written.count + count).map { "line \($0)" }
            written += new
            return new.map { $0 + "\n" }.joined()
        }
        var seen: [String] = []
        try await rig.start(values)
        for round in 0..<24 {
            try rig.append("a.log", lines(20))
            seen += await rig.lines(written.count - Set(seen).count, patience: .seconds(5))
            try rig.append("a.log", lines(3))
            let rotate = copies ? rig.copyTruncate : rig.rename
            try rotate("a.log", "a.log.\(round)")
            try rig.append("a.log", lines(2))
            try await Task.sleep(for: .microseconds(round * 700))
            await rig.stop()
            seen += await rig.more(.milliseconds(1))
            try await rig.restart(values)
            seen += await rig.lines(written.count - Set(seen).count, patience: .seconds(5))
        }
        seen += await rig.more()
        #expect(Set(written).subtracting(seen).sorted() == [])
        #expect(Dictionary(seen.map { ($0, 1) }, uniquingKeysWith: +).filter { $0.value > 1 }.keys.sorted() == [])
        await rig.stop()
    }

    /// To find the copy of a large file takes its time; an agent that dies meanwhile must know what to look for.
    @Test("Copied and emptied: the marks keep the old place until they have the copy's")
    func positionsWhileSearching() async throws {
        let rig = try TailRig()
        let line = String(repeating: "x", count: 29_990)
        let text = (0..<2_000).map { "\(1_000_000 + $0) \(line)\n" }.joined()
        try rig.append("a.log", text)
        try await rig.start()
        #expect(await rig.lines(2_000).count == 2_000)
        let size = UInt64(text.utf8.count)
        #expect(await Harness.eventually { rig.positions()["a.log"] == size })
        try rig.append("a.log", "unread\n")
        try rig.copyTruncate("a.log", "a.log.1")
        try rig.append("a.log", "new\n")
        var (looks, isFound) = (0, false)
        while !isFound, looks < 20_000 {
            let marks = FlatObjects.read(Array(try Data(contentsOf: URL(fileURLWithPath: rig.positionFile + ".ids"))))
            let isKnown = marks.objects.contains { object in
                if case .number(let offset) = object["offset"] { offset >= size } else { false }
            }
            try #require(isKnown, "at look \(looks)")
            isFound = rig.positions()["a.log.1"] ?? 0 >= size
            looks += 1
            try await Task.sleep(for: .milliseconds(1))
        }
        #expect(isFound)
        #expect(await rig.lines(2).sorted() == ["new", "unread"])
        await rig.stop()
    }

    /// The marks speak of the old content then, the position of the new one.
    @Test("Ended between the writes of the two position files: nothing is skipped")
    func endedBetweenTheFiles() async throws {
        let rig = try TailRig()
        try rig.append("a.log", "first line\n")
        try await rig.start()
        #expect(await rig.lines(1) == ["first line"])
        let marks = rig.positionFile + ".ids"
        #expect(
            await Harness.eventually {
                (try? String(contentsOfFile: marks, encoding: .utf8))?.contains(#""offset":11,"#) == true
            }
        )
        // From now on the marks cannot be written.
        let obstacle = marks + ".new"
        try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
        try rig.append("a.log", "second line\n")
        try rig.copyTruncate("a.log", "a.log.1")
        try rig.append("a.log", "third line, longer than what was there before\n")
        #expect(await rig.lines(2).sorted() == ["second line", "third line, longer than what was there before"])
        #expect(await Harness.eventually { rig.positions()["a.log"] == 46 })
        await rig.stop()
        try FileManager.default.removeItem(atPath: obstacle)
        try rig.append("a.log", "fourth line\n")
        try await rig.restart()
        let lines = Set(await rig.more(.seconds(2)))
        #expect(lines.isSuperset(of: ["fourth line"]))
        // In doubt once more.
        #expect(lines.isSubset(of: ["second line", "third line, longer than what was there before", "fourth line"]))
        await rig.stop()
    }

    @Test("A file that only begins like another is read whole")
    func sameBeginning() async throws {
        let rig = try TailRig()
        try rig.append("a.log", "# banner\none\n")
        try await rig.start()
        #expect(await rig.lines(2) == ["# banner", "one"])
        try rig.append("b.log", "# banner\n")
        try rig.append("b.log", "two\n")
        #expect(await rig.lines(2) == ["# banner", "two"])
        try rig.append("c.log", "# ban")
        #expect(await rig.more() == [])
        try rig.append("c.log", "ner\none\nthree\n")
        // Equal through all that was delivered of a.log: taken for its copy.
        #expect(await rig.lines(1) == ["three"])
        await rig.stop()
    }

    @Test("Emptied, then written anew: from the start", arguments: ["x\n", "longer than before it was\nand another\n"])
    func truncatedAndRegrown(text: String) async throws {
        let rig = try TailRig()
        try rig.append("a.log", "old line 1\nold line 2\n")
        try await rig.start()
        #expect(await rig.lines(2).count == 2)
        let expected = text.split(separator: "\n").map(String.init)
        try text.write(toFile: rig.path("a.log"), atomically: false, encoding: .utf8)
        #expect(await rig.lines(expected.count) == expected)
        // The same while the agent is down.
        await rig.stop()
        let again = expected.map { $0.uppercased() }
        try (again.joined(separator: "\n") + "\n").write(toFile: rig.path("a.log"), atomically: false, encoding: .utf8)
        try await rig.restart()
        #expect(await rig.lines(again.count) == again)
        #expect(await rig.more() == [])
        await rig.stop()
    }

    @Test("Emptied with an unfinished line: it becomes an event")
    func truncatedRest() async throws {
        let rig = try TailRig()
        try rig.append("a.log", "one\nunfinished")
        try await rig.start()
        #expect(await rig.lines(1) == ["one"])
        #expect(await Harness.eventually { rig.positions()["a.log"] == 4 })
        try rig.truncate("a.log")
        #expect(await rig.lines(1) == ["unfinished"])
        try rig.append("a.log", "two\n")
        #expect(await rig.lines(1) == ["two"])
        await rig.stop()
    }

    @Test("A new file with an old one's inode number is read from its start")
    func inodeReuse() async throws {
        let rig = try TailRig()
        try rig.append("a.log", "old old old\n")
        try await rig.start()
        #expect(await rig.lines(1) == ["old old old"])
        await rig.stop()
        // The same inode, whatever the file system would give out: emptied, and written by somebody else.
        let inode = try rig.inode("a.log")
        try rig.truncate("a.log")
        try rig.rename("a.log", "b.log")
        try rig.append("b.log", "new and longer than the old one\n")
        try #require(try rig.inode("b.log") == inode)
        try await rig.restart()
        #expect(await rig.lines(1) == ["new and longer than the old one"])
        await rig.stop()
        #expect(rig.positions() == ["b.log": 32])
    }

    @Test("Deleted while it is read: to its end, the unfinished line at a stop included")
    func deleted() async throws {
        let rig = try TailRig()
        try rig.append("a.log", "1\n")
        try await rig.start()
        #expect(await rig.lines(1) == ["1"])
        let writer = open(rig.path("a.log"), O_WRONLY | O_APPEND)
        defer { close(writer) }
        try rig.remove("a.log")
        _ = write(writer, "2\n3", 3)
        #expect(await rig.lines(1) == ["2"])
        await rig.stop()
        #expect(await rig.more(.milliseconds(50)) == ["3"])
    }

    @Test("A link is followed to its file; two names are one file; a link set anew is another file")
    func links() async throws {
        let rig = try TailRig()
        let elsewhere = rig.directory.path + "/elsewhere"
        try "1\n".write(toFile: elsewhere, atomically: false, encoding: .utf8)
        try #require(symlink(elsewhere, rig.path("a.log")) == 0)
        try #require(symlink(elsewhere, rig.path("b.log")) == 0)
        try rig.append("c.log", "c\n")
        try #require(link(rig.path("c.log"), rig.path("d.log")) == 0)
        try await rig.start()
        #expect(await rig.lines(2).sorted() == ["1", "c"])
        try rig.append("a.log", "2\n")
        #expect(await rig.lines(1) == ["2"])
        let other = rig.directory.path + "/other"
        try "3\n".write(toFile: other, atomically: false, encoding: .utf8)
        try rig.remove("a.log")
        try rig.remove("b.log")
        try #require(symlink(other, rig.path("a.log")) == 0)
        #expect(await rig.lines(1) == ["3"])
        #expect(await rig.more() == [])
        await rig.stop()
    }

    @Test("A file that cannot be read holds up no other, and is read when it can be")
    func unreadable() async throws {
        let rig = try TailRig()
        // Nobody may read this one, not even root; for all others a mode does it.
        let unreadable = "/proc/sys/vm/compact_memory"
        if getuid() == 0, access(unreadable, F_OK) == 0 {
            try #require(symlink(unreadable, rig.path("bad.log")) == 0)
        } else {
            try rig.append("bad.log", "now\n")
            try #require(chmod(rig.path("bad.log"), 0) == 0)
        }
        try rig.append("good.log", "1\n")
        try await rig.start()
        #expect(await rig.lines(1) == ["1"])
        #expect(await Harness.eventually { rig.harness.counters.eventReadFail.value > 1 })
        #expect(rig.harness.log.lines.filter { $0.message.contains("cannot read a file") }.count == 1)
        try rig.append("good.log", "2\n")
        #expect(await rig.lines(1) == ["2"])
        try rig.remove("bad.log")
        try rig.append("bad.log", "now\n")
        #expect(await rig.lines(1) == ["now"])
        await rig.stop()
    }

    @Test("A folder that does not exist yet is waited for")
    func folderLater() async throws {
        let rig = try TailRig()
        try await rig.start(["filegroups.g": rig.folder + "/later/.*"])
        #expect(await Harness.eventually { rig.harness.log.messages.contains { $0.contains("cannot list a folder") } })
        try FileManager.default.createDirectory(atPath: rig.path("later"), withIntermediateDirectories: true)
        try rig.append("later/x", "1\n")
        #expect(await rig.lines(1) == ["1"])
        // Removed and made anew.
        try rig.remove("later/x")
        try #require(rmdir(rig.path("later")) == 0)
        try FileManager.default.createDirectory(atPath: rig.path("later"), withIntermediateDirectories: true)
        try rig.append("later/x", "2\n")
        #expect(await rig.lines(1) == ["2"])
        await rig.stop()
    }
}
