import Foundation
import Glibc
import Testing

@testable import Agent

@Suite struct LogDestinationTests {
    let folder: ScratchFolder
    /// Stands for standard error.
    let fallback: FileHandle

    init() throws {
        folder = try ScratchFolder()
        try folder.write("", to: "stderr")
        fallback = try #require(FileHandle(forWritingAtPath: "\(folder.path)/stderr"))
    }

    private func destination(_ file: LogFileSettings) -> LogDestination {
        LogDestination(file: file, fallback: fallback.fileDescriptor, now: { LogLineTests.time })
    }

    private func settings(_ name: String = "flume.log", rollSize: Int = 1_000_000, kept: Int = 10) -> LogFileSettings {
        var settings = LogFileSettings(path: "\(folder.path)/\(name)")
        settings.rollSize = rollSize
        settings.kept = kept
        return settings
    }

    @Test func hasFlumesSizes() {
        let settings = LogFileSettings(path: "x")
        #expect(settings.rollSize == 104_857_600)
        #expect(settings.kept == 10)
    }

    @Test func makesTheFolderAndAppends() {
        destination(settings("a/b/flume.log")).write(Array("one\n".utf8))
        destination(settings("a/b/flume.log")).write(Array("two\n".utf8))
        #expect(folder.text("a/b/flume.log") == "one\ntwo\n")
        #expect(folder.text("stderr") == "")
    }

    @Test func rollsAndKeepsSoMany() {
        let log = destination(settings(rollSize: 8, kept: 2))
        for number in 1...7 { log.write(Array("line\(number)\n".utf8)) }
        #expect(folder.text("flume.log") == "line7\n")
        #expect(folder.text("flume.log.1") == "line5\nline6\n")
        #expect(folder.text("flume.log.2") == "line3\nline4\n")
        #expect(folder.names == ["flume.log", "flume.log.1", "flume.log.2", "stderr"])
    }

    @Test func countsWhatTheFileHeldBefore() throws {
        try folder.write("12345678", to: "flume.log")
        destination(settings(rollSize: 8)).write(Array("new\n".utf8))
        #expect(folder.text("flume.log.1") == "12345678")
        #expect(folder.text("flume.log") == "new\n")
    }

    @Test func growsOnWhereItCannotRoll() throws {
        // A folder cannot be replaced by a file.
        try folder.write("", to: "flume.log.1/x")
        let log = destination(settings(rollSize: 8, kept: 1))
        for number in 1...3 { log.write(Array("line\(number)\n".utf8)) }
        #expect(
            folder.text("flume.log")
                == "line1\nline2\n2026-11-24 02:04:06,007 WARN  [log] cannot roll the log file "
                + "error=\"Is a directory\"\nline3\n"
        )
    }

    @Test func reopensAMovedFile() throws {
        let log = destination(settings())
        log.write(Array("one\n".utf8))
        try FileManager.default.moveItem(atPath: "\(folder.path)/flume.log", toPath: "\(folder.path)/moved")
        log.write(Array("two\n".utf8))
        log.reopen()
        log.write(Array("three\n".utf8))
        #expect(folder.text("moved") == "one\ntwo\n")
        #expect(folder.text("flume.log") == "three\n")
    }

    @Test func fallsBackAndComesBack() throws {
        try folder.write("", to: "file")
        let log = destination(settings("file/flume.log"))
        log.write(Array("one\n".utf8))
        log.write(Array("two\n".utf8))
        let told =
            "2026-11-24 02:04:06,007 ERROR [log] cannot open the log file; lines go to standard error "
            + "file=\(folder.path)/file/flume.log error=\"Not a directory\"\n"
        #expect(folder.text("stderr") == told + "one\ntwo\n")
        try FileManager.default.removeItem(atPath: "\(folder.path)/file")
        log.reopen()
        log.write(Array("three\n".utf8))
        #expect(folder.text("file/flume.log") == "three\n")
        #expect(folder.text("stderr") == told + "one\ntwo\n")
    }

    /// A full disk, as the kernel plays it.
    @Test func tellsOnceThatTheDiskIsFull() {
        let log = destination(LogFileSettings(path: "/dev/full"))
        log.write(Array("one\n".utf8))
        log.write(Array("two\n".utf8))
        #expect(
            folder.text("stderr")
                == "2026-11-24 02:04:06,007 ERROR [log] cannot write the log file; lines go to standard error "
                + "file=/dev/full error=\"No space left on device\"\none\ntwo\n"
        )
    }

    /// With the console beside the file, standard error has each line already.
    @Test func doesNotRepeatTheConsolesLines() {
        let log = LogDestination(
            file: LogFileSettings(path: "/dev/full"),
            fallback: fallback.fileDescriptor,
            linesFallBack: false,
            now: { LogLineTests.time }
        )
        log.write(Array("one\n".utf8))
        log.write(Array("two\n".utf8))
        let told = folder.text("stderr")?.split(separator: "\n") ?? []
        #expect(told.count == 1)
        #expect(told.first?.contains("cannot write the log file") == true)
    }

    @Test func countsWhatCouldBeWrittenNowhere() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        let log = LogDestination(descriptor: ends[1])
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 4095) + [UInt8(ascii: "\n")]
        // A pipe holds 64 KiB: 16 of these.
        for _ in 0..<19 { log.write(line) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        #expect(read(ends[0], &buffer, buffer.count) == 65_536)
        log.write(Array("next\n".utf8))
        let count = read(ends[0], &buffer, buffer.count)
        let text = String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
        #expect(text.hasSuffix(" WARN  [log] log lines were lost lines=3\nnext\n"), "\(text)")
        close(ends[0])
        close(ends[1])
    }

    @Test func keepsLinesWholeAmongThreads() async {
        let log = destination(settings(rollSize: 2000, kept: 1000))
        await withTaskGroup { group in
            for task in 0..<4 {
                group.addTask {
                    for line in 0..<250 { log.write(Array("task \(task) line \(line)\n".utf8)) }
                }
            }
        }
        let files = folder.names.filter { $0.hasPrefix("flume.log") }
        #expect(files.count > 5)
        let lines = files.flatMap { (folder.text($0) ?? "").split(separator: "\n").map(String.init) }
        let expected = (0..<4).flatMap { task in (0..<250).map { "task \(task) line \($0)" } }
        #expect(lines.sorted() == expected.sorted())
    }
}
