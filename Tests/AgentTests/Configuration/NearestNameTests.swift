import Agent
import Testing

@Suite("Nearest names")
struct NearestNameTests {
    private static let names = ["avro", "exec", "netcat", "seq", "http", "spooldir", "syslogtcp", "batch-size"]

    @Test(
        arguments: [
            ("avor", "avro"), ("Avro", "avro"), ("avr", "avro"), ("exce", "exec"), ("netcast", "netcat"),
            ("spoolDirectory", nil), ("batchSize", "batch-size"), ("syslogtpc", "syslogtcp"), ("thrift", nil),
            ("avro", nil), ("", nil), ("x", nil), ("sec", "seq"),
        ] as [(String, String?)]
    )
    func nearest(name: String, expected: String?) {
        #expect(NearestName.nearest(to: name, among: Self.names) == expected)
    }

    @Test func distances() {
        #expect(NearestName.distance("kitten", "sitting") == 3)
        #expect(NearestName.distance("ab", "ba") == 1)
        #expect(NearestName.distance("", "abc") == 3)
        #expect(NearestName.distance("ca", "abc") == 3)
        #expect(NearestName.distance("same", "same") == 0)
    }
}
