import Agent
import Testing

@Suite("Values of a component")
struct ComponentSettingsTests {
    private let settings = ComponentSettings(
        kind: .source,
        name: "r1",
        type: "avro",
        prefix: "a1.sources.r1.",
        [
            "port": "4141", "plus": "+7", "big": "3000000000", "huge": "99999999999999999999", "word": "ten",
            "unit": "10s",
            "yes": "yes", "true": "TRUE", "list": " a\tb  c ", "comma": "x, y ,,z", "float": "1.5e3f", "hex": "0x10",
            "wait": "250", "minus": "-1", "s": "text", "s.appendNewline": "false", "s.": "odd",
        ]
    )

    private func message<Value>(_ body: () throws(ConfigurationFault) -> Value) -> String {
        do { return "no fault: \(try body())" } catch { return error.description }
    }

    @Test func values() throws {
        #expect(settings.string("port") == "4141")
        #expect(settings.string("none") == nil)
        #expect(try settings.required("port") == "4141")
        #expect(try settings.int("port", default: 1, min: 1, max: 65535) == 4141)
        #expect(try settings.int("plus", default: 1) == 7)
        #expect(try settings.int("none", default: 1) == 1)
        #expect(try settings.int64("big", default: 1) == 3_000_000_000)
        #expect(try settings.double("float", default: 1) == 1500)
        #expect(try settings.double("none", default: 0.5) == 0.5)
        #expect(try settings.milliseconds("wait", default: .zero) == .milliseconds(250))
        #expect(try settings.seconds("wait", default: .zero) == .seconds(250))
        #expect(settings.bool("true", default: false))
        #expect(!settings.bool("yes", default: true))
        #expect(settings.bool("none", default: true))
        #expect(settings.list("list") == ["a", "b", "c"])
        #expect(settings.commaList("comma") == ["x", "y", "z"])
        #expect(settings.list("none").isEmpty)
    }

    @Test func faultsNameTheFullKey() {
        #expect(
            message { () throws(ConfigurationFault) in try settings.required("bind") }
                == "fault: `a1.sources.r1.bind` is missing; source `r1` needs it"
        )
        #expect(
            message { () throws(ConfigurationFault) in try settings.int("big", default: 0) }
                == "fault: `a1.sources.r1.big`: 3000000000 is out of range: -2147483648 to 2147483647"
        )
        #expect(
            message { () throws(ConfigurationFault) in try settings.int("port", default: 0, min: 1, max: 100) }
                == "fault: `a1.sources.r1.port`: 4141 is out of range: 1 to 100"
        )
        #expect(
            message { () throws(ConfigurationFault) in try settings.int64("huge", default: 0, min: 0) }
                == "fault: `a1.sources.r1.huge`: 99999999999999999999 is out of range: at least 0"
        )
        #expect(
            message { () throws(ConfigurationFault) in try settings.int("word", default: 0) }
                == "fault: `a1.sources.r1.word`: `ten` is not a whole number"
        )
        #expect(
            message { () throws(ConfigurationFault) in try settings.seconds("unit", default: .zero) }
                == "fault: `a1.sources.r1.unit`: `10s` is not a whole number of seconds; "
                + "digits only: no unit, no `_`, no point"
        )
        #expect(
            message { () throws(ConfigurationFault) in try settings.double("hex", default: 0) }.contains("not a number")
        )
        #expect(
            message { () throws(ConfigurationFault) in try settings.milliseconds("minus", default: .zero) }
                == "fault: `a1.sources.r1.minus`: -1 is out of range: at least 0"
        )
    }

    @Test("Bounds belong to the range")
    func bounds() {
        #expect(throws: Never.self) { try settings.int("port", default: 0, min: 4141, max: 4141) }
        #expect(throws: ConfigurationFault.self) { try settings.int("port", default: 0, min: 4142) }
        #expect(throws: ConfigurationFault.self) { try settings.int("port", default: 0, max: 4140) }
        #expect(throws: ConfigurationFault.self) { try settings.requiredInt("none") }
    }

    @Test("A fault from a file has the place of the value, of the component where the key is missing")
    func places() throws {
        let text = (BadFileTests.good + ["a.sources.r.batchSize =   many"]).joined(separator: "\n")
        let source = try #require(BadFileTests.load(text).configuration?.sources.first)
        #expect(
            message { () throws(ConfigurationFault) in try source.settings.int("batchSize", default: 1) }
                == "f:9:27: fault: `a.sources.r.batchSize`: `many` is not a whole number"
        )
        #expect(
            message { () throws(ConfigurationFault) in try source.settings.required("totalEvents") }
                == "f:5:1: fault: `a.sources.r.totalEvents` is missing; source `r` needs it"
        )
    }

    @Test func fallingBack() {
        var notes: [Diagnostic] = []
        #expect(settings.intOrDefault("word", default: 100) { notes.append($0) } == 100)
        #expect(settings.intOrDefault("port", default: 100) { notes.append($0) } == 4141)
        #expect(
            notes.map(\.description) == [
                "note: `a1.sources.r1.word`: `ten` is not a whole number; the default 100 is used, as in Flume"
            ]
        )
    }

    @Test func parts() {
        let part = settings.subsettings("s", kind: .eventSerializer)
        #expect(part.type == "text")
        #expect(part.keys == ["appendNewline"])
        #expect(part.fullKey("appendNewline") == "a1.sources.r1.s.appendNewline")
        #expect(settings.subsettings("none", defaultType: "text").type == "text")
    }

    @Test func exitCodes() {
        var diagnostics = Diagnostics()
        #expect(diagnostics.exitCode == 0)
        diagnostics.note("n", at: nil)
        #expect(diagnostics.exitCode == 0)
        diagnostics.add(Diagnostic(grade: .environment, message: "e"))
        #expect(diagnostics.exitCode == 3)
        diagnostics.fault("f", at: nil)
        #expect(diagnostics.exitCode == 2)
        let line = Diagnostic(grade: .note, message: "a\nb\u{1B}[0m").description
        #expect(line == "note: a\\u{a}b\\u{1b}[0m")
    }
}
