import NIOCore
import TestSupport
import Testing

@testable import Agent

@Suite struct ProgramOptionsTests {
    private func options(_ words: String) throws(ConfigurationFault) -> AgentProgram.Options {
        try AgentProgram.Options(arguments: words.split(separator: " ").map(String.init), environment: ["HOME": "/h"])
    }

    @Test(arguments: [
        "-n a -f one.properties -f two.properties", "--name a --conf-file one.properties --conf-file=two.properties",
        "-name a -conf-file one.properties -f two.properties",
        "--conf-fi=one.properties -f two.properties --name=a -c conf",
    ])
    func namesAndFiles(_ words: String) throws {
        let options = try options(words)
        #expect(options.name == "a")
        #expect(options.files == ["one.properties", "two.properties"])
        #expect(!options.isLenient)
        #expect(options.process.environment == ["HOME": "/h"])
    }

    @Test func theRest() throws {
        let options = try options(
            "-n a -f x -Dk=v=w -Dflag -Xmx1g --lenient -Dtributary.event-loops=0 --no-reload-conf"
        )
        #expect(options.process.systemProperties == ["k": "v=w", "flag": "", "tributary.event-loops": "0"])
        #expect(options.javaOptions == ["-Xmx1g"])
        #expect(options.isLenient)
        #expect(options.eventLoops == 1)
    }

    @Test(arguments: [
        ("", "an agent's name and file are missing"), ("-n a", "an agent's name and file are missing"),
        ("-f x", "an agent's name and file are missing"), ("-n a -f", "option `-f` needs a value"),
        ("-n a -f x --lenent", "unknown option `--lenent`; did you mean `--lenient`?"),
        ("-n a -f x more", "unknown option `more`"),
    ])
    func whatIsWrong(_ words: String, message: String) {
        let fault = #expect(throws: ConfigurationFault.self) { try options(words) }
        #expect(fault?.description.contains(message) == true)
    }

    @Test func ownEnvironment() throws {
        let options = try AgentProgram.Options(arguments: ["-n", "a", "-f", "x"])
        #expect(options.process.environment["PATH"]?.isEmpty == false)
    }

    @Test func exitCodes() async throws {
        #expect(await AgentProgram.run(arguments: ["-n", "a"], registry: .core) == 2)
        #expect(await AgentProgram.run(arguments: ["-n", "a", "-f", "/no/such/file"], registry: .core) == 2)
    }
}
