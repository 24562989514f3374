import Testing

@testable import Agent

@Suite struct FilterProgramTests {
    @Test func statusAndOutput() {
        let table: [(command: [String], status: Int32, output: String)] = [
            (["echo", "secret of", "key"], 0, "secret of key\n"),
            (["sh", "-c", "echo partly; exit 3"], 3, "partly\n"),
            (["sh", "-c", "kill -9 $$"], 137, ""),
            (["no-such-program-here"], 127, ""),
        ]
        for (command, status, output) in table {
            let result = FilterProgram.run(command)
            #expect(result.status == status, "\(command)")
            #expect(String(decoding: result.output, as: UTF8.self) == output, "\(command)")
        }
    }

    @Test func aValueOfAFileComesFromAProgram() {
        let text = """
            a.configfilters = f
            a.configfilters.f.type = external
            a.configfilters.f.command = echo value-of
            a.sources = r
            a.channels = c
            a.sources.r.type = seq
            a.sources.r.channels = c
            a.channels.c.type = memory
            a.sources.r.totalEvents = ${f['limit']}
            """
        let outcome = ConfigurationLoader.load(
            files: [("f", Array(text.utf8))],
            agent: "a",
            catalog: ComponentRegistry.core.catalog,
            runProgram: FilterProgram.run
        )
        #expect(outcome.configuration?.sources.first?.settings.string("totalEvents") == "value-of limit")
    }
}
