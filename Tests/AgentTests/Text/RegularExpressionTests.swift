import Testing

@testable import Agent

@Suite struct RegularExpressionTests {
    @Test(
        "A whole text matches or does not, as in Java",
        arguments: [
            (#".*\.log"#, "app.log", true), (#".*\.log"#, "app.log.1", false), (#"app\.log"#, "xapp.log", false),
            ("a|ab", "ab", true), (#"\p{Alpha}+"#, "abc", true), (#"\p{Alpha}+"#, "ab1", false),
            (#"[\p{Digit}x]+"#, "1x2", true), (#"\P{Upper}"#, "a", true), (#"\P{Upper}"#, "A", false),
            (#"\u0061.c"#, "abc", true), (#"\Qa.b[\E+"#, "a.b[[", true), (#"\Qa.b\E"#, "axb", false),
            ("(?i)APP", "app", true), (#"\w+"#, "ä", false), ("ä.", "äö", true), ("", "", true), (".*", "", true),
            ("[^/]+", "x", true), ("(?<n>a)\\k<n>", "aa", true), ("a{2,3}+b", "aaab", true), ("[&]", "&", true),
        ]
    )
    func whole(pattern: String, text: String, expected: Bool) throws {
        #expect(try RegularExpression(pattern, matchesWhole: true).matches(text) == expected)
    }

    @Test(
        "A search finds anywhere",
        arguments: [("b", "abc", true), ("^b", "abc", false), (#"^\d{4}-"#, "2026-11", true), ("^\\S", " at x", false)]
    )
    func anywhere(pattern: String, text: String, expected: Bool) throws {
        #expect(try RegularExpression(pattern, matchesWhole: false).matches(text) == expected)
    }

    @Test(
        "What is no expression, or means something else in PCRE2, is refused with its place",
        arguments: [
            ("a(b", "missing closing parenthesis", 3), ("[a-z&&[^b]]", "intersection", 4),
            ("[a[bc]]", "class within", 2),
            (#"\p{javaLowerCase}"#, "unknown property", 17), ("*", "quantifier does not follow", 0),
        ]
    )
    func refused(pattern: String, message: String, offset: Int) throws {
        let error = #expect(throws: RegularExpression.SyntaxError.self) {
            try RegularExpression(pattern, matchesWhole: true)
        }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
        #expect(error?.offset == offset, "\(error?.description ?? "")")
    }

    @Test("A text that is not UTF-8 is searched round its bad bytes")
    func invalid() throws {
        let bytes: [UInt8] = [0xFF, 0x61, 0xFE]
        func search(_ pattern: String) throws -> RegularExpression.Outcome {
            let expression = try RegularExpression(pattern, matchesWhole: false)
            return bytes.withUnsafeBytes { expression.search($0) }
        }
        #expect(try search("a") == .found)
        #expect(try search("b") == .notFound)
    }

    @Test("An expression that explodes is given up")
    func costly() throws {
        let expression = try RegularExpression("(a+)+$", matchesWhole: true)
        let text = String(repeating: "a", count: 64) + "b"
        #expect(
            text.utf8.withContiguousStorageIfAvailable { expression.search(UnsafeRawBufferPointer($0)) } == .tooCostly
        )
    }
}
