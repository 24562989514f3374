import Events
import Foundation
import Logging
import NIOCore
import Testing

@testable import Agent

@Suite("file_roll sink", .timeLimit(.minutes(1)))
struct FileRollSinkTests {
    private func start(
        _ values: [String: String],
        in directory: TestDirectory,
        counters: SinkCounters = SinkCounters(name: "k"),
        log: LogCapture = LogCapture()
    ) async throws -> (FileRollSink, SinkHarness) {
        let all = ["sink.directory": directory.path, "sink.rollInterval": "0"].merging(values) { $1 }
        let sink = try FileRollSink(Harness.sink(all, counters: counters, log: log))
        let outcomes = SinkHarness()
        try await sink.start(outcomes.reports)
        return (sink, outcomes)
    }

    private static let events = [
        Event(headers: ["k": "v"], body: "one"), Event(body: ""), Event(body: "three"),
    ]

    @Test(
        "Serializers",
        arguments: [
            ([:], "one\n\nthree\n"),
            (["sink.serializer": "TEXT"], "one\n\nthree\n"),
            (["sink.serializer": "text", "sink.serializer.appendNewline": "false"], "onethree"),
            (["sink.serializer": "HEADER_AND_TEXT"], "{k=v} one\n{} \n{} three\n"),
            (
                [
                    "sink.serializer":
                        "org.apache.flume.serialization.HeaderAndBodyTextEventSerializer$Builder",
                    "sink.serializer.appendNewline": "false",
                ], "{k=v} one{} {} three"
            ),
        ]
    )
    func serializers(values: [String: String], expected: String) async throws {
        let directory = try TestDirectory()
        let (sink, outcomes) = try await start(values, in: directory)
        #expect(sink.submit(Harness.batch(Self.events), number: 0, deadline: nil) == .accepted)
        #expect(await Harness.eventually { outcomes.delivered == [0] })
        // Delivered means written, before the file is closed.
        #expect(try directory.text(try #require(directory.names.first)) == expected)
        await sink.stop(deadline: .now() + .seconds(1))
    }

    @Test("Files roll on time, also without events, under Flume's names")
    func rolling() async throws {
        let directory = try TestDirectory()
        let counters = SinkCounters(name: "k")
        let before = WallClock.milliseconds()
        let (sink, outcomes) = try await start(
            ["sink.rollInterval": "1", "sink.pathManager.prefix": "p-", "sink.pathManager.extension": "log"],
            in: directory,
            counters: counters
        )
        #expect(sink.submit(Harness.batch(["a"]), number: 0, deadline: nil) == .accepted)
        #expect(await Harness.eventually { directory.names.count == 3 })
        #expect(sink.submit(Harness.batch(["b"]), number: 1, deadline: nil) == .accepted)
        #expect(await Harness.eventually { outcomes.delivered == [0, 1] })
        await sink.stop(deadline: .now() + .seconds(1))
        let names = directory.names
        let parts = try #require(try #/p-(\d+)-1\.log/#.wholeMatch(in: names[0]))
        let stamp = try #require(Int(parts.1))
        #expect((before...(before + 5000)).contains(stamp))
        #expect(names == ["p-\(stamp)-1.log", "p-\(stamp)-2.log", "p-\(stamp)-3.log"])
        #expect(try names.map { try directory.text($0) } == ["a\n", "", "b\n"])
        #expect(counters.connectionCreated.value == 3)
        #expect(counters.connectionClosed.value == 3)
        let count = directory.names.count
        try await Task.sleep(for: .milliseconds(1200))
        #expect(directory.names.count == count)
    }

    @Test("ROLLTIME names files by local time and counts within a second")
    func rollTime() throws {
        let settings = ComponentSettings(
            kind: .sink,
            name: "k",
            ["m": "ROLLTIME", "m.prefix": "x", "m.extension": "txt"]
        )
        let clock = TestClock(0)
        var names = try FileNames(settings, key: "m", now: { clock.now })
        let formatter = DateFormatter()
        formatter.dateFormat = "yyyyMMddHHmmss"
        formatter.locale = Locale(identifier: "en_US_POSIX")
        clock.now = 1_700_000_000_500
        let first = formatter.string(from: Date(timeIntervalSince1970: 1_700_000_000))
        #expect(names.next() == "x\(first)-1.txt")
        #expect(names.next() == "x\(first)-2.txt")
        clock.now = 1_700_000_001_000
        let second = formatter.string(from: Date(timeIntervalSince1970: 1_700_000_001))
        #expect(names.next() == "x\(second)-1.txt")
    }

    @Test("A file of the next name is not written over")
    func existing() async throws {
        let directory = try TestDirectory()
        let clock = TestClock(77)
        let settings = ComponentSettings(kind: .sink, name: "k", [:])
        try directory.write("77-1", "old")
        var file = RollingFile(
            directory: directory.path,
            names: try FileNames(settings, key: "m", now: { clock.now }),
            text: try EventText(settings, key: "s"),
            counters: SinkCounters(name: "k"),
            logger: LogCapture().logger
        )
        try file.write(Harness.batch(["new"]))
        file.close()
        #expect(directory.names == ["77-1", "77-2"])
        #expect(try directory.text("77-1") == "old")
        #expect(try directory.text("77-2") == "new\n")
    }

    @Test("Four batches wait for the disk; then the sink is busy and says when it is not")
    func busy() async throws {
        let directory = try TestDirectory()
        let (sink, outcomes) = try await start([:], in: directory)
        // Large enough that the thread is behind.
        let batch = Harness.batch(Array(repeating: String(repeating: "x", count: 1000), count: 10_000))
        var answers: [Submission] = []
        for number in 0..<8 { answers.append(sink.submit(batch, number: DeliveryNumber(number), deadline: nil)) }
        #expect(answers.prefix(4).allSatisfy { $0 == .accepted })
        #expect(answers.contains(.busy))
        let accepted = answers.count { $0 == .accepted }
        #expect(await Harness.eventually { outcomes.delivered.count == accepted && outcomes.readies >= 1 })
        await sink.stop(deadline: .now() + .seconds(1))
        let size = try directory.names.map { try directory.text($0).utf8.count }.reduce(0, +)
        #expect(size == accepted * 10_000 * 1001)
    }

    @Test("A full disk gives the reason, leaves no part of the batch, and the retry does not repeat events")
    func fullDisk() async throws {
        // A limit on the size of files stands in for a disk that is full; it is a whole process's.
        await #expect(processExitsWith: .success) {
            let directory = try TestDirectory()
            let settings = ComponentSettings(kind: .sink, name: "k", [:])
            var file = RollingFile(
                directory: directory.path,
                names: try FileNames(settings, key: "m", now: { 1 }),
                text: try EventText(settings, key: "s"),
                counters: SinkCounters(name: "k"),
                logger: LogCapture().logger
            )
            try file.write(Harness.batch(["first"]))
            let large = Harness.batch((0..<1000).map { "event \($0)" })
            let failure = try FileSizeLimit.within(1000) { () -> SinkFailure? in
                do throws(SinkFailure) {
                    try file.write(large)
                    return nil
                } catch {
                    return error
                }
            }
            #expect(failure?.message == "cannot write \(directory.path)/1-1: File too large")
            #expect(failure?.isRetriable == true)
            #expect(try directory.text("1-1") == "first\n")
            try file.write(large)
            let expected = "first\n" + (0..<1000).map { "event \($0)\n" }.joined()
            #expect(try directory.text("1-1") == expected)
        }
    }

    @Test("A directory that goes away makes batches fail with its path; nothing is lost or written twice")
    func removedDirectory() async throws {
        let directory = try TestDirectory()
        let counters = SinkCounters(name: "k")
        let (sink, outcomes) = try await start([:], in: directory, counters: counters)
        #expect(sink.submit(Harness.batch(["a"]), number: 0, deadline: nil) == .accepted)
        #expect(await Harness.eventually { outcomes.count == 1 })
        try FileManager.default.removeItem(atPath: directory.path)
        #expect(sink.submit(Harness.batch(["b"]), number: 1, deadline: nil) == .accepted)
        #expect(await Harness.eventually { outcomes.count == 2 })
        let failure = try #require(outcomes.failures.first)
        #expect(failure.hasPrefix("cannot create \(directory.path)/"))
        #expect(failure.hasSuffix(": No such file or directory"))
        #expect(counters.connectionFailed.value == 1)
        try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
        #expect(sink.submit(Harness.batch(["b"]), number: 2, deadline: nil) == .accepted)
        #expect(await Harness.eventually { outcomes.delivered == [0, 2] })
        #expect(try directory.text(try #require(directory.names.first)) == "b\n")
        await sink.stop(deadline: .now() + .seconds(1))
    }

    @Test("A directory that is missing, or none, keeps the sink from starting")
    func missingDirectory() async throws {
        let directory = try TestDirectory()
        try directory.write("file", "")
        for (path, reason) in [("/nowhere", "No such file or directory"), ("/file", "is not a directory")] {
            let sink = try FileRollSink(Harness.sink(["sink.directory": directory.path + path]))
            let error = await #expect(throws: ComponentError.self) { try await sink.start(SinkHarness().reports) }
            #expect(error?.code == .environment)
            #expect(error?.message.contains(reason) == true)
            #expect(error?.message.contains("`a.sinks.k.sink.directory`") == true)
        }
    }

    @Test(
        "Settings that cannot be used name key and reason",
        arguments: [
            ([:], "`a.sinks.k.sink.directory` is missing"),
            (["sink.serializer": "avro_event"], "`a.sinks.k.sink.serializer`: `avro_event`"),
            (["sink.pathManager": "x"], "`a.sinks.k.sink.pathManager`: `x`"),
            (["sink.pathManager.prefix": "a/b"], "`a.sinks.k.sink.pathManager.prefix`: `a/b`"),
            (["sink.batchSize": "0"], "`a.sinks.k.sink.batchSize`: 0"),
            (["sink.rollInterval": "soon"], "`a.sinks.k.sink.rollInterval`: `soon`"),
        ]
    )
    func faults(values: [String: String], expected: String) {
        let all = values.isEmpty ? [:] : values.merging(["sink.directory": "/"]) { $1 }
        let fault = #expect(throws: ConfigurationFault.self) { try FileRollSink(Harness.sink(all)) }
        #expect(fault?.message.hasPrefix(expected) == true, "\(fault?.message ?? "")")
    }
}
