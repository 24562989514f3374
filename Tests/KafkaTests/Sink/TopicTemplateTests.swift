import Events
import Foundation
import Testing

@testable import Kafka

@Suite struct TopicTemplateTests {
    private func name(_ template: String, _ headers: [String: String]) throws -> String {
        let template = try TopicTemplate(template)
        var output: [UInt8] = []
        var failure: TopicTemplate.Missing?
        EventBatch.of([Event(headers: headers, body: "")]).forEachEvent { _, event in
            do throws(TopicTemplate.Missing) {
                try template.write(event, host: LocalHostNames(), into: &output)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return String(decoding: output, as: UTF8.self)
    }

    /// 2009-02-13 23:31:30.123 UTC, a Friday, the 44th day.
    private static let moment = "1234567890123"

    @Test(arguments: [
        ("plain", "plain"), ("a-%{kind}", "a-web"), ("%{kind}%{no}", "web"), ("%{no.such-one}x", "x"),
        ("100%", "100%"), ("%-", "%-"), ("%{a b}", "%{a b}"), ("%{", "%{"),
        ("%Y-%m-%d", "2009-02-13"), ("%y%j", "09044"), ("%H%M%S", "233130"), ("%I%p", "11PM"), ("%a%A", "FriFriday"),
        ("%b%B", "FebFebruary"), ("%e.%n", "13.2"), ("%k.%l", "23.11"), ("%D", "02/13/09"),
        ("%c", "Fri Feb 13 23:31:30 2009"), ("%t", "1234567890123"), ("%s", "1234567890"), ("%%", "%"), ("%q", ""),
    ])
    func escapes(_ template: String, _ expected: String) throws {
        // The table is for UTC, which is what the tests' machines have unless told otherwise.
        try #require(TimeZone.current.secondsFromGMT() == 0 || !template.contains("%H"))
        #expect(try name(template, ["kind": "web", "timestamp": Self.moment]) == expected)
    }

    @Test func hostNames() throws {
        #expect(
            try name("%[localhost]", [:])
                == ProcessInfo.processInfo.hostName.split(separator: ".").first.map(String.init)
        )
        #expect(try name("%[IP]", [:]).contains("."))
        #expect(try !name("%[FQDN]", [:]).isEmpty)
        #expect(throws: TopicTemplate.Problem.self) { try TopicTemplate("%[HOST]") }
    }

    @Test func timeNeedsTheHeader() {
        #expect(throws: TopicTemplate.Missing.noTimestamp) { try name("%Y", [:]) }
        #expect(throws: TopicTemplate.Missing.badTimestamp) { try name("%Y", ["timestamp": "now"]) }
        #expect(throws: TopicTemplate.Missing.noTimestamp) { try name("%%", [:]) }
    }

    @Test(arguments: [
        ("a", true), ("A.b_c-9", true), (String(repeating: "x", count: 249), true),
        (String(repeating: "x", count: 250), false), ("", false), (".", false), ("..", false), ("...", true),
        ("a b", false), ("a/b", false), ("a\0b", false), ("\u{e9}", false),
    ])
    func topicNames(_ name: String, _ isAllowed: Bool) {
        #expect(Array(name.utf8).withUnsafeBytes { TopicTable.isAllowed($0) } == isAllowed)
    }

    @Test(
        arguments: [
            ("0", 0), ("-1", -1), ("+7", 7), ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min),
            ("9223372036854775808", nil), ("", nil), ("-", nil), ("1.0", nil), (" 1", nil), ("0x1", nil),
            ("99999999999999999999", nil),
        ] as [(String, Int64?)]
    )
    func javaNumbers(_ text: String, _ expected: Int64?) {
        #expect(Array(text.utf8).withUnsafeBytes { JavaNumber.long($0) } == expected)
    }
}
