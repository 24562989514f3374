import Testing

@testable import Agent

@Suite struct FlumeArgumentsTests {
    private static let names = ["name", "conf", "conf-file", "conf-uri", "no-reload-conf", "help"]

    /// commons-cli's spellings and Java's options, and what one parser is to see.
    private static let table: [(given: [String], expected: [String])] = [
        (["agent", "-n", "a1", "-f", "x.conf"], ["agent", "-n", "a1", "-f", "x.conf"]),
        (["-Dflume.root.logger=INFO,console"], ["--define", "flume.root.logger=INFO,console"]),
        (["-Da=b=c d"], ["--define", "a=b=c d"]),
        (["-Xmx512m"], ["--java-option=-Xmx512m"]),
        (["-agentlib:jdwp=x"], ["--java-option=-agentlib:jdwp=x"]),
        (["-javaagent:/a.jar"], ["--java-option=-javaagent:/a.jar"]),
        (["-name", "a1"], ["--name", "a1"]),
        (["-conf-file", "x"], ["--conf-file", "x"]),
        (["--conf-fi", "x"], ["--conf-file", "x"]),
        (["--name=a1"], ["--name=a1"]),
        (["-name=a1"], ["--name=a1"]),
        (["--no-reload"], ["--no-reload-conf"]),
        // Two names begin so: left for the parser to refuse.
        (["--conf-"], ["--conf-"]),
        (["-c", "conf"], ["-c", "conf"]),
        (["-D"], ["-D"]),
        (["-"], ["-"]),
    ]

    @Test func everySpellingComesOutAsOne() {
        for (given, expected) in Self.table {
            #expect(FlumeArguments.translate(given, longNames: Self.names) == expected, "\(given)")
        }
    }

    @Test func systemPropertiesKeepWhatFollowsTheFirstEqualsSign() {
        #expect(
            SystemProperties.parse(["a=1", "b=x=y", "c", "a=2", "d="]) == ["a": "2", "b": "x=y", "c": "", "d": ""]
        )
    }

    @Test func javasHeapOptionInItsUnits() {
        let table: [([String], Int?)] = [
            (["-Xmx20m"], 20 << 20), (["-Xmx1G"], 1 << 30), (["-Xmx512k"], 512 << 10), (["-Xmx1000"], 1000),
            (["-Xmx20m", "-Xms5m", "-Xmx40m"], 40 << 20), (["-Xmx"], nil), (["-Xmxlots"], nil), ([], nil),
            (["-Xmx99999999999t"], nil),
        ]
        for (options, bytes) in table { #expect(MemoryLimit.heap(options) == bytes, "\(options)") }
        #expect(MemoryLimit.channelBytes(javaOptions: ["-Xmx20m"]) == (20 << 20) / 10 * 8)
        #expect(MemoryLimit.channelBytes(javaOptions: []) > 64 << 20)
    }

    @Test func halfTheCoresOneToFour() {
        #expect([1, 2, 3, 4, 8, 64].map(EventLoops.count(cores:)) == [1, 1, 1, 2, 4, 4])
    }
}
