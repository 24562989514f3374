import Testing

@testable import Agent

@Suite struct JSONWriterTests {
    @Test(arguments: [
        ("", #""""#),
        ("plain", #""plain""#),
        (#"a"b\c/d"#, #""a\"b\\c/d""#),
        ("\u{8}\u{C}\n\r\t", #""\b\f\n\r\t""#),
        ("\0\u{1}\u{1F}\u{7F}", "\"\\u0000\\u0001\\u001f\u{7F}\""),
        ("<>&='", #""\u003c\u003e\u0026\u003d\u0027""#),
        ("\u{2028}\u{2029}", #""\u2028\u2029""#),
        ("é € 😀", #""é € 😀""#),
        ("\r\n", #""\r\n""#),
    ])
    func escapes(_ text: String, _ json: String) {
        var writer = JSONWriter()
        writer.string(text)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == json)
    }

    @Test func separates() {
        var writer = JSONWriter()
        writer.open("{")
        writer.name("a")
        writer.open("[")
        writer.string("b")
        writer.string("c")
        writer.close("]")
        writer.name("d")
        writer.open("{")
        writer.close("}")
        writer.name("e")
        writer.string("f")
        writer.close("}")
        #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"a":["b","c"],"d":{},"e":"f"}"#)
    }

    /// A component that was made anew stands beside the old one for a moment: the object has each name once.
    @Test func writesEachNameOnce() {
        let old = CounterGroup(kind: .channel, name: "c")
        old.counter("A").add(1)
        let new = CounterGroup(kind: .channel, name: "c")
        new.counter("A").add(2)
        new.computed("A") { "3" }
        let other = CounterGroup(kind: .source, name: "c")
        let routes = MonitoringRoutes(groups: { [old, other, new] }, notReady: { [] })
        let body = routes.reply(method: "GET", target: "/metrics").body
        #expect(
            String(decoding: body, as: UTF8.self)
                == #"{"CHANNEL.c":{"Type":"CHANNEL","StartTime":"0","StopTime":"0","A":"3"},"#
                + #""SOURCE.c":{"Type":"SOURCE","StartTime":"0","StopTime":"0"}}"#
        )
    }

    @Test func writesAnEmptyObjectForNoComponents() {
        let routes = MonitoringRoutes(groups: { [] }, notReady: { [] })
        #expect(routes.reply(method: "GET", target: "/metrics").body == Array("{}".utf8))
    }
}
