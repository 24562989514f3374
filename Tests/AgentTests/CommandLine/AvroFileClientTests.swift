import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Agent
@testable import AvroRPC

@Suite struct AvroFileClientTests {
    private func file(_ text: String, in folder: TestDirectory, _ name: String = "lines") throws -> String {
        let path = folder.path + "/" + name
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func lines(_ path: String, _ count: Int) throws -> [String] {
        let file = try LineFile(path)
        var lines: [String] = []
        while true {
            let next = try file.next(count)
            if next.isEmpty { return lines }
            lines += next.map { String(buffer: $0) }
        }
    }

    @Test(arguments: [1, 3, 100]) func linesAreCut(count: Int) throws {
        let folder = try TestDirectory()
        let path = try file("one\r\ntwo\n\nfour", in: folder)
        #expect(try lines(path, count) == ["one", "two", "", "four"])
        #expect(try lines(try file("", in: folder, "empty"), count) == [])
        #expect(try lines(try file("\n", in: folder, "end"), count) == [""])
        let long = (0..<3).map { String(repeating: "\($0)", count: 200_000) }
        #expect(try lines(try file(long.joined(separator: "\n"), in: folder, "long"), count) == long)
    }

    /// A file without line ends is not taken into memory whole.
    @Test func aLineWithoutEnd() throws {
        let folder = try TestDirectory()
        let path = try file(String(repeating: "x", count: LineFile.longestLine + 5) + "\nlast", in: folder)
        #expect(try lines(path, 10).map(\.utf8.count) == [LineFile.longestLine, 5, 4])
    }

    /// The properties' hosts, as in Flume; else the options' one.
    @Test func theTarget() throws {
        let folder = try TestDirectory()
        var options = AvroFileOptions()
        options.host = "h"
        options.port = 7
        #expect(try options.plan(try options.clientSettings()).hosts.map(\.description) == ["h:7"])
        #expect(try options.plan(try options.clientSettings()).batchSize == 5)
        let text = "client.type = default_failover\nhosts = a b\nhosts.a = x:1\nhosts.b = y:2\nbatch-size = 9"
        options.properties = try file(text, in: folder, "client.properties")
        let plan = try options.plan(try options.clientSettings())
        #expect(plan.hosts.map(\.description) == ["x:1", "y:2"])
        #expect(plan.kind == .failover(attempts: 2))
        #expect(plan.batchSize == 9)
        options = AvroFileOptions()
        let error = #expect(throws: ComponentError.self) { try options.plan(try options.clientSettings()) }
        #expect(error?.message.contains("`hosts`") == true)
    }

    @Test func theProgressLine() {
        let clear = "\u{1B}[K"
        #expect(ProgressMeter.text(done: 0, of: nil, events: 10, seconds: 2) == "10 events, 5/s" + clear)
        let half = "[" + String(repeating: "=", count: 15) + ">" + String(repeating: " ", count: 14) + "]"
        let text = ProgressMeter.text(done: 50, of: 100, events: 10, seconds: 0)
        #expect(text == half + " 50 % 10 events, 0/s" + clear)
        let full = "[" + String(repeating: "=", count: 30) + "] 100 %"
        #expect(ProgressMeter.text(done: 200, of: 100, events: 1, seconds: 1).hasPrefix(full))
    }
}
