import Events
import Foundation
import Logging
import NIOCore
import Testing

@testable import Agent

@Suite("taildir keys", .serialized, .timeLimit(.minutes(2)))
struct TaildirKeysTests {
    private static let twoGroups = ["filegroups": "a b"]

    @Test("Groups match whole names in their folder only, in order; a second group does not see a file again")
    func groups() async throws {
        let rig = try TailRig()
        for name in ["x.log", "x.log.1", "y.txt", "y.log"] { try rig.append(name, "\(name)\n") }
        try FileManager.default.createDirectory(atPath: rig.path("d.log"), withIntermediateDirectories: true)
        try #require(mkfifo(rig.path("pipe.log"), 0o600) == 0)
        try await rig.start([
            "filegroups": "a b missing", "filegroups.a": rig.folder + #"//x\.log"#,
            "filegroups.b": rig.folder + #"/[xy]\..*(?<!1)"#, "headers.a.from": "a", "headers.a.deep.key": "v=1",
            "headers.b.from": "b", "fileHeader": "true",
        ])
        let events = await rig.harness.drain(3)
        let found = Dictionary(events.map { (String(buffer: $0.body), $0.headers) }) { first, _ in first }
        #expect(found["x.log"] == ["from": "a", "deep.key": "v=1", "file": rig.path("x.log")])
        #expect(found["y.txt"] == ["from": "b", "file": rig.path("y.txt")])
        #expect(found["y.log"] == ["from": "b", "file": rig.path("y.log")])
        #expect(await rig.more() == [])
        #expect(rig.harness.log.messages.contains { $0.contains("`missing`") })
        await rig.stop()
    }

    @Test("Headers: the offset, the path under a name of its own, and no key twice")
    func headers() async throws {
        let rig = try TailRig()
        try rig.append("a.log", "one\n\ntwo\r\n")
        try await rig.start(["byteOffsetHeader": "true", "fileHeader": "true", "fileHeaderKey": "path"])
        let events = await rig.harness.drain(3)
        #expect(events.map { String(buffer: $0.body) } == ["one", "", "two"])
        #expect(events.map { $0.headers["byteoffset"] } == ["0", "4", "5"])
        #expect(events.allSatisfy { $0.headers["path"] == rig.path("a.log") && $0.headers.count == 2 })
        await rig.stop()

        let clash = try TailRig()
        try clash.append("a.log", "one\n")
        try await clash.start([
            "byteOffsetHeader": "true", "headers.g.byteoffset": "mine", "headers.g.file": "mine", "fileHeader": "true",
        ])
        let taken = try #require(await clash.harness.drain(1).first)
        #expect(taken.headers == ["byteoffset": "mine", "file": clash.path("a.log")])
        await clash.stop()
    }

    @Test("Bodies are the file's bytes; a last line without LF waits")
    func bytes() async throws {
        let rig = try TailRig()
        try rig.append("a.log", [0xFF, 0x00, 0x0A, 0xC3, 0x0A, 0x61])
        try await rig.start()
        let events = await rig.harness.drain(2)
        #expect(events.map { Array($0.body.readableBytesView) } == [[0xFF, 0x00], [0xC3]])
        #expect(await rig.more() == [])
        try rig.append("a.log", "b\n")
        #expect(await rig.lines(1) == ["ab"])
        await rig.stop()
        #expect(rig.positions() == ["a.log": 8])
    }

    @Test("skipToEnd: what is there at the start is skipped, what comes later is not")
    func skipToEnd() async throws {
        let rig = try TailRig()
        try rig.append("old.log", "old\n")
        try await rig.start(["skipToEnd": "true"])
        #expect(await Harness.eventually { rig.positions()["old.log"] == 4 })
        try rig.append("old.log", "more\n")
        try rig.append("new.log", "new\n")
        #expect(await rig.lines(2).sorted() == ["more", "new"])
        await rig.stop()
        // Known by now: not skipped again.
        try rig.append("old.log", "while down\n")
        try await rig.restart(["skipToEnd": "true"])
        #expect(await rig.lines(1) == ["while down"])
        await rig.stop()
    }

    @Test("idleTimeout: an unfinished line becomes an event, the file is closed, and followed when it grows")
    func idle() async throws {
        let rig = try TailRig()
        try rig.append("a.log", "one\ntw")
        try await rig.start(["idleTimeout": "150"])
        #expect(await rig.lines(2) == ["one", "tw"])
        #expect(await Harness.eventually { rig.harness.counters.openConnections.value == 0 })
        #expect(await Harness.eventually { rig.positions()["a.log"] == 6 })
        try rig.append("a.log", "o\nthree\n")
        #expect(await rig.lines(2) == ["o", "three"])
        await rig.stop()
    }

    @Test("batchSize and maxBatchCount bound batches; nothing is lost by either")
    func batches() async throws {
        let rig = try TailRig()
        try rig.append("a.log", (0..<10).map { "a\($0)\n" }.joined())
        try rig.append("b.log", (0..<10).map { "b\($0)\n" }.joined())
        try await rig.start(["batchSize": "4", "maxBatchCount": "1"])
        let lines = await rig.lines(20)
        #expect(lines.filter { $0.hasPrefix("a") } == (0..<10).map { "a\($0)" })
        #expect(lines.filter { $0.hasPrefix("b") } == (0..<10).map { "b\($0)" })
        #expect(rig.harness.counters.appendBatchAccepted.value == 6)
        #expect(rig.harness.counters.eventAccepted.value == 20)
        await rig.stop()
    }

    @Test("maxLineBytes: a longer line is cut, counted and told")
    func longLines() async throws {
        let rig = try TailRig()
        try rig.append("a.log", "abcdefghij\nx\n")
        try await rig.start(["maxLineBytes": "4"])
        #expect(await rig.lines(4) == ["abcd", "efgh", "ij", "x"])
        #expect(rig.harness.counters.group.counter("LineCutCount").value == 2)
        #expect(rig.harness.log.messages.contains { $0.contains("maxLineBytes") })
        await rig.stop()
    }

    @Test("A line of many reads is one event")
    func manyReads() async throws {
        let rig = try TailRig()
        let long = String(repeating: "0123456789abcdef", count: 50_000)
        try rig.append("a.log", "x\n" + long)
        try await rig.start()
        #expect(await rig.lines(1) == ["x"])
        try rig.append("a.log", long + "\ny\n")
        let lines = await rig.lines(2)
        #expect(lines.map(\.utf8.count) == [1_600_000, 1])
        #expect(lines.first == long + long)
        await rig.stop()
    }

    @Test("Lines are joined to records; the last one after its time")
    func multiline() async throws {
        let rig = try TailRig()
        let values = ["multiline.startPattern": #"^\d"#, "multiline.timeout": "100"]
        try rig.append("a.log", "1 error\n  at x\n  at y\n2 ok\n")
        try await rig.start(values)
        #expect(await rig.lines(2) == ["1 error\n  at x\n  at y", "2 ok"])
        #expect(await Harness.eventually { rig.positions()["a.log"] == 27 })
        // A stop does not end a record: it is read again from its first line.
        try rig.append("a.log", "3 begins\n")
        try await rig.restart(["multiline.startPattern": #"^\d"#, "multiline.timeout": "600000"])
        try rig.append("a.log", "  goes on\n4\n")
        #expect(await rig.lines(1) == ["3 begins\n  goes on"])
        await rig.stop()
        #expect(rig.positions()["a.log"] == 46)
    }

    @Test(
        "Files that are not read from the listing kept from before",
        arguments: ["true", "false"]
    )
    func cachePatternMatching(value: String) async throws {
        let rig = try TailRig()
        try await rig.start(["cachePatternMatching": value])
        for number in 0..<5 {
            try rig.append("f\(number).log", "line \(number)\n")
            #expect(await rig.lines(1) == ["line \(number)"])
        }
        await rig.stop()
    }

    @Test("Written positions are Flume's form to the byte, and Flume's own are gone on with")
    func positionFile() async throws {
        let rig = try TailRig()
        try rig.append("a.log", "one\ntwo\n")
        try FileManager.default.createDirectory(
            atPath: rig.directory.path + "/state",
            withIntermediateDirectories: true
        )
        let inode = try rig.inode("a.log")
        // A group in Flume's form, with a file that is gone besides.
        let flumes =
            #"[{"inode":1,"pos":9,"file":"\#(rig.path("gone.log"))"},{"inode":\#(inode),"pos":4,"file":"\#(rig.path("a.log"))"}]"#
        try flumes.write(toFile: rig.positionFile, atomically: false, encoding: .utf8)
        try await rig.start()
        #expect(await rig.lines(1) == ["two"])
        await rig.stop()
        let written = try String(contentsOfFile: rig.positionFile, encoding: .utf8)
        #expect(written == #"[{"inode":\#(inode),"pos":8,"file":"\#(rig.path("a.log"))"}]"#)
        let marks = try FileManager.default.attributesOfItem(atPath: rig.positionFile + ".ids")
        #expect(marks[.posixPermissions] as? Int == 0o600)
        // Java went on with it meanwhile and knows no marks.
        try rig.append("a.log", "three\nfour\n")
        try written.replacing("\"pos\":8", with: "\"pos\":14").write(
            toFile: rig.positionFile,
            atomically: false,
            encoding: .utf8
        )
        try await rig.restart()
        #expect(await rig.lines(1) == ["four"])
        // Set back by hand: read again.
        await rig.stop()
        try written.replacing("\"pos\":8", with: "\"pos\":0").write(
            toFile: rig.positionFile,
            atomically: false,
            encoding: .utf8
        )
        try await rig.restart()
        #expect(await rig.lines(4) == ["one", "two", "three", "four"])
        await rig.stop()
    }

    @Test("A damaged position file is kept aside, and what is whole in it still counts")
    func damagedPositionFile() async throws {
        let rig = try TailRig()
        try rig.append("a.log", "one\ntwo\n")
        try rig.append("b.log", "three\n")
        try FileManager.default.createDirectory(
            atPath: rig.directory.path + "/state",
            withIntermediateDirectories: true
        )
        let cut = #"[{"inode":\#(try rig.inode("a.log")),"pos":4,"file":"\#(rig.path("a.log"))"},{"inode":5,"#
        try cut.write(toFile: rig.positionFile, atomically: false, encoding: .utf8)
        try await rig.start()
        #expect(await rig.lines(2).sorted() == ["three", "two"])
        #expect(try String(contentsOfFile: rig.positionFile + ".damaged", encoding: .utf8) == cut)
        #expect(rig.harness.log.lines.contains { $0.level == .error && $0.message.contains("damaged") })
        await rig.stop()
    }

    @Test(
        "Faults in the file are named",
        arguments: [
            (["filegroups.g": "/var/log/"], "filegroups.g"), (["filegroups.g": "/var/log/a("], "filegroups.g"),
            (["filegroups.g": "/l/[a-z&&[b]]"], "filegroups.g"), (["filegroups": "x"], "filegroups"),
            (["batchSize": "0"], "batchSize"), (["idleTimeout": "x"], "idleTimeout"),
            (["maxLineBytes": "0"], "maxLineBytes"), (["multiline.startPattern": "("], "multiline.startPattern"),
            (["multiline.maxLines": "0"], "multiline.maxLines"), (["maxBatchCount": "1s"], "maxBatchCount"),
        ]
    )
    func faults(values: [String: String], key: String) throws {
        let harness = Harness()
        let all = ["filegroups": "g", "filegroups.g": "/var/log/.*"].merging(values) { $1 }
        let fault = #expect(throws: ConfigurationFault.self) { try TaildirSource(harness.source(all)) }
        #expect(fault?.diagnostic.message.contains("`a.sources.s.\(key)`") == true, "\(String(describing: fault))")
    }

    @Test("A position file that cannot be written keeps the agent from starting, with a word of advice")
    func unwritable() async throws {
        let rig = try TailRig()
        try rig.append("file", "")
        let error = await #expect(throws: ComponentError.self) {
            try await rig.start(["positionFile": rig.path("file") + "/below/position.json"])
        }
        #expect(error?.code == .environment)
        #expect(error?.message.contains("positionFile") == true)
        await rig.stop()
    }
}
