import Foundation
import Testing

/// Runs `bin/flume-ng` with a binary that shows its arguments one a line, each in angle brackets.
@Suite struct FlumeScriptTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let arguments: [String]
        var environment: [String: String] = [:]
        /// Nil: the binary is not run.
        var passed: [String]?
        var status: Int32 = 0
        /// Each must stand in the standard error.
        var errors: [String] = []
        /// Each must stand in the standard output.
        var output: [String] = []

        var testDescription: String { arguments.description }
    }

    static let script = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("bin/flume-ng").path
    static let noConf = "Warning: no configuration folder is set, so no flume-env.sh is read; use --conf DIR\n"

    static let rows = [
        Row(
            arguments: ["agent", "-n", "a1", "-f", "a.properties"],
            passed: ["agent", "--flume", "--lenient", "-n", "a1", "-f", "a.properties"],
            errors: [noConf]
        ),
        Row(
            arguments: ["agent", "--name", "a1", "--conf-file", "my file.properties", "-Dk=some  value", "-D", "x=*"],
            passed: [
                "agent", "--flume", "--lenient", "-Dk=some  value", "-Dx=*", "--name", "a1", "--conf-file",
                "my file.properties",
            ]
        ),
        Row(
            arguments: ["agent", "--strict", "-n", "a1", "-f", "f", "--no-reload-conf"],
            passed: ["agent", "--flume", "-n", "a1", "-f", "f", "--no-reload-conf"]
        ),
        Row(
            arguments: [
                "agent", "-name", "a1", "-conf-file=f", "--conf-fi", "g h", "-pwd", "-h", "-prov", "X", "-user=u",
                "--poll=3", "-zkConn", "z:1", "-no-reload",
            ],
            passed: [
                "agent", "--flume", "--lenient", "--name", "a1", "--conf-file=f", "--conf-file", "g h",
                "--conf-password", "-h", "--conf-provider", "X", "--conf-user=u", "--poll-interval=3", "--zkConnString",
                "z:1", "--no-reload-conf",
            ]
        ),
        // What the script does not know, or what could be two names, is the binary's to refuse.
        Row(
            arguments: ["agent", "--conf-u", "u", "--colour", "red", "stray", "-n", "a"],
            passed: ["agent", "--flume", "--lenient", "--conf-u", "u", "--colour", "red", "stray", "-n", "a"]
        ),
        Row(
            arguments: ["agent", "-C", "a.jar", "--plugins-path", "p q", "--classpath", "b", "-n", "a", "-f", "f"],
            passed: ["agent", "--flume", "--lenient", "-n", "a", "-f", "f"],
            errors: ["Info: ignored, because there is no Java machine to use them: -C --plugins-path --classpath\n"]
        ),
        Row(
            arguments: [
                "agent", "-Xms5m", "-Xmx1g", "-XX:+UseG1GC", "-agentlib:jdwp=x", "-agentpath:/y", "-javaagent:z.jar",
                "-n", "a",
            ],
            passed: ["agent", "--flume", "--lenient", "-Xmx1g", "-n", "a"]
        ),
        Row(
            arguments: ["agent", "-c", "CONF/env dir", "-Dlast=2", "-n", "a", "-f", "f"],
            environment: ["JAVA_OPTS": "-Dlost=1", "FLUME_JAVA_OPTS": "-Dinherited=1 -Dstar=*"],
            passed: [
                "agent", "--flume", "--lenient", "-Xmx200m", "-Dlast=1", "-Dfrom=env", "-Dinherited=1", "-Dstar=*",
                "-Dlast=2", "-n", "a", "-f", "f",
            ],
            errors: ["Info: sourcing CONF/env dir/flume-env.sh\n"]
        ),
        Row(
            arguments: ["agent", "--conf=CONF/env dir", "-Xmx9g", "-n", "a"],
            passed: [
                "agent", "--flume", "--lenient", "-Xmx9g", "-Dlast=1", "-Dfrom=env", "-n", "a",
            ]
        ),
        Row(
            arguments: ["agent", "--conf", "CONF/empty", "-n", "a"],
            environment: ["JAVA_OPTS": "-Dlost=1"],
            passed: ["agent", "--flume", "--lenient", "-n", "a"]
        ),
        Row(
            arguments: ["agent", "--conf", "CONF/none", "-n", "a"],
            passed: ["agent", "--flume", "--lenient", "-n", "a"],
            errors: ["Warning: the configuration folder CONF/none does not exist\n"]
        ),
        Row(
            arguments: ["agent", "-d", "-n", "a", "-f", "my f", "-Da=$b"],
            output: ["exec ", #" agent --flume --lenient -Da=\$b -n a -f my\ f"# + "\n"]
        ),
        Row(arguments: ["agent", "--dryrun", "-n", "a"], output: [" agent --flume --lenient -n a\n"]),
        Row(
            arguments: ["node", "-n", "a"],
            passed: ["agent", "--flume", "--lenient", "-n", "a"],
            errors: ["Warning: the command node is deprecated; use agent\n"]
        ),
        Row(
            arguments: ["avro-client", "-H", "h", "-p", "4141", "-F", "my file", "-Dk=v w"],
            passed: ["avro-client", "-Dk=v w", "-H", "h", "-p", "4141", "-F", "my file"]
        ),
        Row(arguments: ["version"], passed: ["version"]),
        Row(arguments: ["help"], output: ["Usage: flume-ng <command>"]),
        Row(arguments: ["agent", "-h"], output: ["Usage: flume-ng <command>"]),
        Row(arguments: ["agent", "-help"], output: ["Usage: flume-ng <command>"]),
        Row(arguments: ["avro-client", "--help"], output: ["Usage: flume-ng <command>"]),
        Row(
            arguments: ["agnet", "-n", "a"],
            status: 1,
            errors: ["Error: unknown or missing command 'agnet'\n", "Usage: flume-ng <command>"]
        ),
        Row(arguments: [], status: 1, errors: ["Error: unknown or missing command ''\n", "Usage: "]),
        Row(
            arguments: ["tool", "fcintegritytool"],
            status: 1,
            errors: ["Error: the tools of Flume", "not available"]
        ),
        Row(arguments: ["agent", "-n"], status: 1, errors: ["Error: the option -n needs a value\n"]),
        Row(arguments: ["agent", "--conf-file"], status: 1, errors: ["Error: the option --conf-file needs a value\n"]),
        Row(arguments: ["agent", "-n", "a", "-c"], status: 1, errors: ["Error: the option -c needs a value\n"]),
        Row(
            arguments: ["agent", "-n", "a"],
            environment: ["TRIBUTARY_BIN": "/none/tributary"],
            status: 1,
            errors: ["Error: TRIBUTARY_BIN is '/none/tributary', which cannot be run\n"]
        ),
        // The exit code is the agent's.
        Row(
            arguments: ["agent", "-n", "a"],
            environment: ["SHOW_STATUS": "3"],
            passed: ["agent", "--flume", "--lenient", "-n", "a"],
            status: 3
        ),
    ]

    private let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder()
        try folder.write(
            "#!/bin/sh\nfor a; do printf '<%s>\\n' \"$a\"; done\nexit ${SHOW_STATUS:-0}\n",
            to: "show",
            executable: true
        )
        // Neither an unset variable nor a failing command in it is ours to judge.
        try folder.write(
            """
            JAVA_OPTS="$JAVA_OPTS -Xms100m -Xmx200m -Dlast=1 $NOT_SET_ANYWHERE"
            false
            JAVA_OPTS="$JAVA_OPTS -Dfrom=env"
            """,
            to: "env dir/flume-env.sh"
        )
        try folder.write("", to: "empty/other")
    }

    private func run(_ script: String, _ row: Row) throws -> (status: Int32, output: String, errors: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: script)
        process.arguments = row.arguments.map { $0.replacingOccurrences(of: "CONF", with: folder.path) }
        var environment = ["PATH": "/usr/bin:/bin", "TRIBUTARY_BIN": "\(folder.path)/show"]
        environment.merge(row.environment) { $1 }
        process.environment = environment.filter { !$0.value.isEmpty }
        try folder.write("", to: "output")
        try folder.write("", to: "errors")
        process.standardOutput = FileHandle(forWritingAtPath: "\(folder.path)/output")
        process.standardError = FileHandle(forWritingAtPath: "\(folder.path)/errors")
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, folder.text("output") ?? "", folder.text("errors") ?? "")
    }

    @Test(arguments: rows) func passes(_ row: Row) throws {
        let result = try run(Self.script, row)
        #expect(result.status == row.status)
        let passed = result.output.split(separator: "\n").filter { $0.hasPrefix("<") }.map {
            String($0.dropFirst().dropLast())
        }
        #expect(passed == row.passed ?? [])
        for text in row.output { #expect(result.output.contains(text), "\(result.output)") }
        for text in row.errors {
            let expected = text.replacingOccurrences(of: "CONF", with: folder.path)
            #expect(result.errors.contains(expected), "\(result.errors)")
        }
    }

    @Test func saysNothingWhereThereIsNothingToSay() throws {
        let result = try run(Self.script, Row(arguments: ["agent", "-c", "CONF/empty", "-n", "a"]))
        #expect(result.errors == "")
    }

    /// Beside the script first, through a link to it; then the PATH; then a word to the user.
    @Test func findsTheBinary() throws {
        let fm = FileManager.default
        try fm.createDirectory(atPath: "\(folder.path)/repo/bin", withIntermediateDirectories: true)
        try fm.copyItem(atPath: Self.script, toPath: "\(folder.path)/repo/bin/flume-ng")
        try fm.createSymbolicLink(atPath: "\(folder.path)/link", withDestinationPath: "repo/bin/flume-ng")
        var row = Row(arguments: ["version", "one"], environment: ["TRIBUTARY_BIN": ""])

        var result = try run("\(folder.path)/link", row)
        #expect(result.status == 1)
        #expect(result.errors.hasPrefix("Error: the tributary binary is not found; "))

        try folder.write("#!/bin/sh\necho path\n", to: "path/tributary", executable: true)
        row.environment["PATH"] = "\(folder.path)/path:/usr/bin:/bin"
        result = try run("\(folder.path)/link", row)
        #expect(result.output == "path\n")

        try folder.write("#!/bin/sh\necho built\n", to: "repo/.build/release/tributary", executable: true)
        result = try run("\(folder.path)/link", row)
        #expect(result.output == "built\n")
    }

    /// A signal to the script's process is a signal to the agent.
    @Test func becomesTheBinary() throws {
        try folder.write("#!/bin/sh\necho $$\n", to: "show", executable: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.script)
        process.arguments = ["agent", "-n", "a"]
        process.environment = ["PATH": "/usr/bin:/bin", "TRIBUTARY_BIN": "\(folder.path)/show"]
        try folder.write("", to: "output")
        process.standardOutput = FileHandle(forWritingAtPath: "\(folder.path)/output")
        process.standardError = FileHandle.nullDevice
        try process.run()
        let identifier = process.processIdentifier
        process.waitUntilExit()
        #expect(folder.text("output") == "\(identifier)\n")
    }
}
