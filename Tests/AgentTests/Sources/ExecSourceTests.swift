import Events
import Foundation
import Logging
import NIOCore
import Testing

@testable import Agent

@Suite("exec source", .serialized, .timeLimit(.minutes(2)))
struct ExecSourceTests {
    /// Runs a command to its end and gives its lines.
    private func run(
        _ values: [String: String],
        harness: Harness = Harness(),
        count: Int
    ) async throws -> [String] {
        let source = try ExecSource(harness.source(values))
        try await source.start()
        let lines = await harness.bodies(count)
        await source.quiesce()
        await source.stop(deadline: .now() + .seconds(1))
        let rest = await harness.bodies(1000, patience: .milliseconds(20))
        return lines + rest
    }

    private func shell(_ script: String) -> [String: String] { ["shell": "/bin/sh -c", "command": script] }

    private static func isAlive(_ pid: Int32) -> Bool { kill(pid, 0) == 0 }

    @Test(
        "What programs print is events",
        arguments: [
            (#"printf 'a\nb\r\nc\rd\n'"#, ["a", "b", "c", "d"]),
            (#"printf 'a\n\n\nb'"#, ["a", "", "", "b"]),
            (#"printf 'x\377y\n'"#, ["x\u{FFFD}y"]),
            (#"printf 'a\r'; sleep 0.1; printf '\nb'"#, ["a", "b"]),
            (#"echo "two  words" 'and $HOME'; echo $((1+2))"#, ["two  words and $HOME", "3"]),
        ]
    )
    func output(script: String, expected: [String]) async throws {
        let harness = Harness()
        #expect(try await run(shell(script), harness: harness, count: expected.count) == expected)
        #expect(harness.counters.eventReceived.value == expected.count)
        #expect(harness.counters.eventAccepted.value == expected.count)
    }

    @Test("Without a shell there is no quoting and no globbing")
    func words() async throws {
        let lines = try await run(["command": "printf  %s\\n\t'a b' *"], count: 3)
        #expect(lines == ["'a", "b'", "*"])
    }

    @Test("A partial batch waits batchTimeout after its first line, a full one does not")
    func batches() async throws {
        let harness = Harness()
        var values = shell("echo 1; echo 2; echo 3; exec sleep 10")
        values["batchSize"] = "2"
        values["batchTimeout"] = "400"
        let source = try ExecSource(harness.source(values))
        let start = ContinuousClock.now
        try await source.start()
        #expect(await harness.bodies(2) == ["1", "2"])
        #expect(await harness.bodies(1) == ["3"])
        #expect(.now - start > .milliseconds(390))
        await source.quiesce()
        await source.stop(deadline: .now() + .seconds(1))
    }

    @Test("A command that is not found is logged and counts as an exit; restart tries again")
    func notFound() async throws {
        let harness = Harness()
        let source = try ExecSource(
            harness.source(["command": "no-such-program-here", "restart": "true", "restartThrottle": "50"])
        )
        try await source.start()
        #expect(
            await Harness.eventually { harness.log.messages.count { $0 == "cannot run the command" } >= 3 }
        )
        let line = try #require(harness.log.lines.first { $0.message == "cannot run the command" })
        #expect(line.level == .error)
        #expect(line.metadata["reason"]?.description == "No such file or directory")
        await source.quiesce()
        await source.stop(deadline: .now() + .seconds(1))
    }

    @Test("restart runs it again after the throttle, and only then")
    func restart() async throws {
        let harness = Harness()
        var values = shell("echo $$; exit 3")
        values["restart"] = "true"
        values["restartThrottle"] = "200"
        let source = try ExecSource(harness.source(values))
        let start = ContinuousClock.now
        try await source.start()
        let pids = await harness.bodies(3)
        #expect(Set(pids).count == 3)
        #expect(.now - start >= .milliseconds(400))
        await source.quiesce()
        await source.stop(deadline: .now() + .seconds(1))
        let ends = harness.log.lines.filter { $0.message == "command ended and is started again" }
        #expect(ends.count >= 2)
        #expect(ends.allSatisfy { $0.metadata["exit"]?.description == "status 3" })
        // Nothing starts any more.
        let count = harness.counters.eventReceived.value
        try await Task.sleep(for: .milliseconds(400))
        #expect(harness.counters.eventReceived.value == count)
    }

    @Test("Without restart it ends, says so, and leaves no zombie")
    func ends() async throws {
        let harness = Harness()
        let source = try ExecSource(harness.source(shell("echo $$; kill -9 $$")))
        try await source.start()
        let pid = try #require(await harness.bodies(1).first.flatMap { Int32($0) })
        #expect(await Harness.eventually { harness.log.messages.contains("command ended") })
        let end = try #require(harness.log.lines.first { $0.message == "command ended" })
        #expect(end.metadata["exit"]?.description == "signal 9")
        // A zombie would still answer to signal 0.
        #expect(!Self.isAlive(pid))
        await source.quiesce()
        await source.stop(deadline: .now() + .seconds(1))
    }

    @Test("Standard error goes to the log with logStdErr, else nowhere; neither blocks the program")
    func standardError() async throws {
        let script = #"i=0; while [ $i -lt 2000 ]; do echo "line $i of the errors" >&2; i=$((i+1)); done; echo done"#
        let quiet = Harness()
        #expect(try await run(shell(script), harness: quiet, count: 1) == ["done"])
        #expect(!quiet.log.messages.contains("standard error"))
        let loud = Harness()
        var values = shell(script)
        values["logStdErr"] = "true"
        #expect(try await run(values, harness: loud, count: 1) == ["done"])
        let errors = loud.log.lines.filter { $0.message == "standard error" }
        #expect(errors.map { $0.metadata["line"]?.description } == (0..<2000).map { "line \($0) of the errors" })
        #expect(errors.allSatisfy { $0.level == .info })
    }

    @Test("A full channel makes the program wait; afterwards every line is there, once, in order")
    func backPressure() async throws {
        let harness = Harness(capacity: 100, keepAlive: .milliseconds(20))
        let directory = try TestDirectory()
        let count = 100_000
        var values = shell("seq 1 \(count); touch \(directory.path)/done")
        values["batchTimeout"] = "100"
        let source = try ExecSource(harness.source(values))
        try await source.start()
        #expect(await Harness.eventually { harness.counters.channelWriteFail.value >= 3 })
        // One batch is out and one gathers; the rest is in the pipe or not yet written.
        #expect(harness.channel.size == 100)
        #expect(harness.counters.eventReceived.value == 120)
        #expect(directory.names == [])
        let lines = await harness.bodies(count)
        #expect(lines.count == count)
        #expect(lines.elementsEqual((1...count).lazy.map(String.init)))
        #expect(await Harness.eventually { directory.names == ["done"] })
        #expect(await Harness.eventually { harness.log.messages.contains("command ended") })
        #expect(harness.channel.size == 0)
        #expect(harness.counters.eventReceived.value == count)
        #expect(harness.counters.eventAccepted.value == count)
        await source.quiesce()
        await source.stop(deadline: .now() + .seconds(1))
    }

    @Test("200,000 lines, in a time that any machine makes")
    func throughput() async throws {
        let harness = Harness()
        let count = 200_000
        let source = try ExecSource(
            harness.source(["command": "seq 1 \(count)", "batchSize": "1000"])
        )
        let start = ContinuousClock.now
        try await source.start()
        #expect(await Harness.eventually(.seconds(60)) { harness.counters.eventAccepted.value == count })
        let time = ContinuousClock.now - start
        #expect(time < .seconds(20))
        #expect(harness.channel.size == count)
        await source.quiesce()
        await source.stop(deadline: .now() + .seconds(1))
    }

    @Test("A stop ends the whole group and keeps what was printed before")
    func stop() async throws {
        let harness = Harness()
        let inner = "(trap 'echo asked; exit' TERM; echo $$; while :; do sleep 0.05; done)"
        var values = shell("\(inner) & echo $!; wait")
        values["batchTimeout"] = "600000"
        let source = try ExecSource(harness.source(values))
        try await source.start()
        #expect(await Harness.eventually { harness.log.messages.contains("command started") })
        try await Task.sleep(for: .milliseconds(500))
        // Nothing is due yet; the stop flushes it, and what the group prints in answer to SIGTERM.
        #expect(harness.channel.size == 0)
        await source.quiesce()
        let lines = await harness.bodies(3)
        #expect(lines.last == "asked")
        for pid in lines.prefix(2).compactMap({ Int32($0) }) {
            #expect(await Harness.eventually { !Self.isAlive(pid) || Self.isZombieOfAnother(pid) })
        }
        await source.stop(deadline: .now() + .seconds(1))
    }

    @Test("A program that ignores SIGTERM is killed")
    func stubborn() async throws {
        let harness = Harness()
        var values = shell("trap '' TERM; echo $$; while :; do sleep 0.05; done")
        values["batchTimeout"] = "10"
        let source = try ExecSource(harness.source(values))
        try await source.start()
        let pid = try #require(await harness.bodies(1).first.flatMap { Int32($0) })
        let start = ContinuousClock.now
        await source.quiesce()
        #expect(.now - start > .milliseconds(900))
        #expect(!Self.isAlive(pid))
        await source.stop(deadline: .now() + .seconds(1))
    }

    @Test("A stop before a full channel ends in time and says what it gave up")
    func stopWhenFull() async throws {
        let harness = Harness(capacity: 10, keepAlive: .milliseconds(20))
        let source = try ExecSource(harness.source(["command": "yes", "batchSize": "10"]))
        try await source.start()
        #expect(await Harness.eventually { harness.counters.channelWriteFail.value >= 1 })
        let start = ContinuousClock.now
        await source.quiesce()
        #expect(.now - start < .seconds(4))
        #expect(harness.log.messages.contains("stopped before all lines of the command were stored"))
        await source.stop(deadline: .now() + .seconds(1))
    }

    @Test("tail -F follows a file that appears later and is rotated")
    func tail() async throws {
        let harness = Harness()
        let directory = try TestDirectory()
        let source = try ExecSource(
            harness.source(["command": "tail -F -s 0.1 \(directory.path)/log", "batchTimeout": "50"])
        )
        try await source.start()
        try await Task.sleep(for: .milliseconds(300))
        try directory.write("log", "one\n")
        #expect(await harness.bodies(1) == ["one"])
        try FileManager.default.moveItem(atPath: directory.path + "/log", toPath: directory.path + "/log.1")
        try directory.write("log", "two\nthree\n")
        #expect(await harness.bodies(2) == ["two", "three"])
        await source.quiesce()
        await source.stop(deadline: .now() + .seconds(1))
    }

    @Test("The program has the three descriptors, default signals, and an input that stays open")
    func surroundings() async throws {
        let harness = Harness()
        // An open socket of ours must not be the program's too.
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        let lines = try await run(
            shell("ls /proc/self/fd | tr '\\n' ' '; echo; grep SigIgn /proc/self/status; timeout 0.2 cat; echo $?"),
            harness: harness,
            count: 3
        )
        // `ls` has one more: the directory that it lists.
        #expect(lines.first == "0 1 2 3 ")
        // glibc keeps its own two signals, 32 and 33, ignored.
        let ignored = try #require(lines.dropFirst().first.flatMap { UInt64($0.suffix(16), radix: 16) })
        #expect(ignored & 0x7FFF_FFFF == 0)
        // `cat` was stopped by `timeout`: its input had no end.
        #expect(lines.last == "124")
    }

    @Test(
        "Settings that cannot be used name key and reason",
        arguments: [
            (["command": "x", "charset": "UTF-16"], "`a.sources.s.charset`: `UTF-16`"),
            (["command": "x", "batchSize": "many"], "`a.sources.s.batchSize`: `many`"),
            (["shell": "/bin/sh -c"], "`a.sources.s.command` is missing"),
        ]
    )
    func faults(values: [String: String], expected: String) {
        let harness = Harness()
        let fault = #expect(throws: ConfigurationFault.self) { try ExecSource(harness.source(values)) }
        #expect(fault?.message.hasPrefix(expected) == true, "\(fault?.message ?? "")")
    }

    /// The init process may not have reaped an orphan yet.
    private static func isZombieOfAnother(_ pid: Int32) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return true }
        return text.split(separator: ")").last?.hasPrefix(" Z") == true
    }
}
