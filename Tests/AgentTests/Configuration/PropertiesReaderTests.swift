import Testing

@testable import Agent

@Suite("Properties files are read as java.util.Properties does")
struct PropertiesReaderTests {
    struct Vector: CustomTestStringConvertible {
        let text: String
        let expected: [String: String]

        init(_ text: String, _ expected: [String: String]) {
            self.text = text
            self.expected = expected
        }

        var testDescription: String { text.debugDescription }
    }

    static func read(
        _ text: String,
        charset: PropertiesReader.Charset = .latin1
    ) -> (properties: [Property], diagnostics: [Diagnostic]) {
        var diagnostics = Diagnostics()
        let properties = PropertiesReader.read(
            files: [("f", Array(text.utf8))],
            charset: charset,
            diagnostics: &diagnostics
        )
        return (properties, diagnostics.all)
    }

    @Test(
        arguments: [
            // The vectors that Flume's own classes were run with.
            Vector("k1 = a b \\\n   # c", ["k1": "a b # c"]),
            Vector("k2:=x", ["k2": "=x"]),
            Vector("k3 v", ["k3": "v"]),
            Vector("! c\nk4=4", ["k4": "4"]),
            Vector("! c\\\nk4=4", ["k4": "4"]),
            Vector("k\\ 5 = \\q\\u0041\\\\", ["k 5": "qA\\"]),
            Vector("k6", ["k6": ""]),
            Vector("k7=\\  lead", ["k7": "  lead"]),
            Vector("k8 = é", ["k8": "Ã©"]),
            Vector("k9==z", ["k9": "=z"]),
            Vector("k\\:10=1", ["k:10": "1"]),
            Vector("k11 = a#b!c", ["k11": "a#b!c"]),
            Vector("k12=a\\\\\nk13=b\r\nk14=c\rk15=d", ["k12": "a\\", "k13": "b", "k14": "c", "k15": "d"]),
            // What the rules say beside them.
            Vector("key value\nkey2:value\nkey3 = value", ["key": "value", "key2": "value", "key3": "value"]),
            Vector("a=C:\\temp", ["a": "C:\temp"]),
            Vector("a=\"x\" ", ["a": "\"x\" "]),
            Vector(" \t\u{C}# no\n\u{C} a\u{C}b", ["a": "b"]),
            Vector("a=1\\\n\nb=2", ["a": "1", "b": "2"]),
            Vector("a=1\\\n   \\\n   2", ["a": "12"]),
            Vector("a=1\\\n!2", ["a": "1!2"]),
            Vector("a=1\\\r\n  2", ["a": "12"]),
            Vector("a=1\\\\\\\n2", ["a": "1\\2"]),
            Vector("a=1\\", ["a": "1"]),
            Vector("\\", [:]),
            Vector("\\\n#a=1", ["#a": "1"]),
            Vector("# x\\\na=1", ["a": "1"]),
            Vector("a\\=b\\ c=d", ["a=b c": "d"]),
            Vector("a = : b", ["a": ": b"]),
            Vector("a=\\ud83d\\ude00", ["a": "😀"]),
            Vector("a=\\t\\n\\r\\f\\b", ["a": "\t\n\r\u{C}b"]),
            Vector("=x", ["": "x"]),
            Vector("", [:]),
        ]
    )
    func vector(_ vector: Vector) {
        let (properties, _) = Self.read(vector.text)
        #expect(Dictionary(properties.map { ($0.key, $0.value) }) { $1 } == vector.expected)
    }

    @Test("Places count from 1; a continued value is where it starts")
    func places() {
        let (properties, _) = Self.read("# c\n  a.b = v\n\nlong = \\\r\n   next\nk6\nx y\\\nz")
        let places = properties.map { "\($0.key) \($0.location) \($0.valueLocation) \($0.isVerbatim)" }
        #expect(
            places == [
                "a.b f:2:3 f:2:9 true", "long f:4:1 f:5:4 true", "k6 f:6:1 f:6:3 true", "x f:7:1 f:7:3 false",
            ]
        )
    }

    @Test("A value in UTF-8 gets a note, and is read right when the charset says so")
    func charset() {
        let latin = Self.read("a = é")
        #expect(latin.diagnostics.map(\.grade) == [.note])
        #expect(latin.diagnostics[0].description.hasPrefix("f:1:5: note: the value of `a` looks like UTF-8"))
        let utf8 = Self.read("é = é😀 x", charset: .utf8)
        #expect(utf8.diagnostics.isEmpty)
        #expect(utf8.properties[0].key == "é")
        #expect(utf8.properties[0].value == "é😀 x")
        #expect(utf8.properties[0].valueLocation.column == 5)
        var diagnostics = Diagnostics()
        let bytes: [UInt8] = [0x61, 0x3D, 0xE9]
        let real = PropertiesReader.read(files: [("f", bytes)], charset: .latin1, diagnostics: &diagnostics)
        #expect(real[0].value == "é")
        #expect(diagnostics.all.isEmpty)
    }

    @Test(
        "A bad escape is a fault at the backslash",
        arguments: [("a = x\\u00g0", 6), ("a=\\u12", 3), ("b\\u", 2), ("a=\\u004 1", 3)]
    )
    func badEscape(text: String, column: Int) {
        let (properties, diagnostics) = Self.read("ok=1\n" + text)
        #expect(properties.map(\.key) == ["ok"])
        #expect(diagnostics.map(\.grade) == [.fault])
        #expect(diagnostics[0].location == SourceLocation(file: "f", line: 2, column: column))
    }

    @Test("Files are one table: the last value counts, a note names both places")
    func merge() {
        var diagnostics = Diagnostics()
        let files = [("one", "a=1\nb=2\na=3"), ("two", "b = 4\nc=5")].map { ($0, Array($1.utf8)) }
        let properties = PropertiesReader.read(files: files, charset: .latin1, diagnostics: &diagnostics)
        #expect(properties.map { "\($0.key)=\($0.value)" } == ["a=3", "b=4", "c=5"])
        #expect(
            diagnostics.all.map(\.description) == [
                "one:3:1: note: `a` stands twice: the value at one:1:1 is not used",
                "two:1:1: note: `b` stands twice: the value at one:2:1 is not used",
            ]
        )
    }

    @Test func byteOrderMark() {
        let (properties, diagnostics) = Self.read("\u{FEFF}a=1")
        #expect(properties.map(\.key) == ["ï»¿a"])
        #expect(diagnostics.count == 1)
    }
}
