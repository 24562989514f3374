import TestSupport
import Testing

@testable import Agent

@Suite("References in values")
struct SubstitutionTests {
    private static let noon = CalendarTime(
        year: 2026,
        month: 3,
        day: 7,
        hour: 15,
        minute: 4,
        second: 5,
        millisecond: 9,
        weekday: 6,
        dayOfYear: 66,
        offset: 3600
    )

    private static func resolve(
        _ text: String,
        systemProperties: [String: String] = ["port": "4141"]
    ) -> (values: [String: String], notes: [Diagnostic]) {
        var diagnostics = Diagnostics()
        var properties = PropertiesReader.read(
            files: [("f", Array(text.utf8))],
            charset: .utf8,
            diagnostics: &diagnostics
        )
        let lookups = Substitution.Lookups(
            systemProperties: systemProperties,
            environment: ["HOST": "h1", "BASE": "HOST", "LOOP": "<${env:LOOP}>", "HOME": "/home/x"],
            now: noon
        )
        _ = Substitution.resolve(&properties, lookups: lookups, diagnostics: &diagnostics)
        return (Dictionary(properties.map { ($0.key, $0.value) }) { $1 }, diagnostics.all)
    }

    @Test(
        arguments: [
            ("${env:HOST}", "h1", 0),
            ("${ENV:HOST}:${sys:port}", "h1:4141", 0),
            ("${other}", "o", 0),
            ("${chain}", "<o>", 0),
            ("${env:NO}", "${env:NO}", 1),
            ("${HOST}", "${HOST}", 1),
            ("${env:NO:-d}", "d", 0),
            ("${no:-}", "", 0),
            ("${env:HOST:-d}", "h1", 0),
            ("${no:-${env:HOST}}", "h1", 0),
            ("$${env:HOST}", "${env:HOST}", 0),
            ("$${a}${env:HOST}", "${a}h1", 0),
            ("${env:${env:BASE}}", "h1", 0),
            ("a$b $$ $", "a$b $$ $", 0),
            ("${open", "${open", 0),
            ("${file:/x}", "${file:/x}", 1),
            ("${script:js:1}", "${script:js:1}", 1),
            ("${sys:other}", "o", 0),
            ("${java:version}", "${java:version}", 1),
            ("${sys:user.home}", "/home/x", 0),
            ("${f1['k']}", "${f1['k']}", 0),
            ("${date:yyyy-MM-dd'T'HH:mm:ss.SSSZ}", "2026-03-07T15:04:05.009+0100", 0),
            ("${date:EEE d MMM yy h a, ''D''}", "Sat 7 Mar 26 3 PM, '66'", 0),
            ("${date:w}", "${date:w}", 1),
            ("${env:LOOP}", "<${env:LOOP}>", 1),
            ("${}", "${}", 1),
            ("é${other}é", "éoé", 0),
        ]
    )
    func form(written: String, expected: String, notes: Int) {
        let result = Self.resolve("chain=<${other}>\nother=o\nv=\(written)")
        #expect(result.values["v"] == expected)
        #expect(result.notes.count == notes)
    }

    @Test func literalGivesAHint() {
        let notes = Self.resolve("v = ${HOST}").notes
        #expect(
            notes.map(\.description) == [
                "f:1:5: note: `${HOST}` stays as it is: no property of the files has that name; for an environment "
                    + "variable write `${env:HOST}`"
            ]
        )
    }

    @Test("Chains resolve whatever their order, cycles stay literal")
    func chains() {
        let result = Self.resolve("a=${b}1\nb=${c}2\nc=3\nx=${y}\ny=${x}!\nz=${z}")
        #expect(result.values["a"] == "321")
        #expect(result.values["x"] == "${x}!")
        #expect(result.values["z"] == "${z}")
        #expect(result.notes.count == 2)
    }

    @Test("A long chain and a swelling one end in time", .ownThread)
    func limits() {
        var chain = "v0=x"
        for number in 1...20_000 { chain = "v\(number)=${v\(number - 1)}\n" + chain }
        #expect(Self.resolve(chain).values["v10"] == "x")
        var swelling = "v0=0123456789\n"
        for number in 1...40 { swelling += "v\(number)=${v\(number - 1)}${v\(number - 1)}\n" }
        let last = Self.resolve(swelling).values["v40"] ?? ""
        #expect(last.utf8.count < 4 << 20)
        _ = Self.resolve("v=" + String(repeating: "${", count: 50_000) + String(repeating: "}", count: 50_000))
    }

    @Test func olderSwitchReadsTheEnvironment() {
        let old = ["propertiesImplementation": "org.apache.flume.node.EnvVarResolverProperties"]
        #expect(Self.resolve("HOST=mine\nv=${HOST}${BASE}", systemProperties: old).values["v"] == "mineHOST")
    }
}
