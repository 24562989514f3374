import Agent
import Foundation
import TestSupport
import Testing

@testable import Kafka

/// The file of `-Djava.security.auth.login.config`.
@Suite struct JaasFileTests {
    struct Case: Sendable {
        let text: String
        let entry: String?
    }

    @Test(arguments: [
        Case(text: "KafkaClient { a.B required x=\"1\"; };", entry: " a.B required x=\"1\";"),
        Case(
            text: "Client { z.Z required; };\nKafkaClient {\n a.B required\n x=\"1\"; };",
            entry: "\n a.B required\n x=\"1\";"
        ),
        Case(text: "KafkaClient{a.B required x=\"};\\\"{\";};", entry: "a.B required x=\"};\\\"{\";"),
        Case(
            text: "// KafkaClient { no; };\n/* KafkaClient {\n no; }; */KafkaClient { yes; };",
            entry: " yes;"
        ),
        Case(
            text: "KafkaClient { a.B required x=\"// # /* no comment\"; };",
            entry: " a.B required x=\"// # /* no comment\";"
        ),
        // The first of several.
        Case(text: "KafkaClient { a.B required; c.D required; };", entry: " a.B required;"),
        Case(text: "OtherKafkaClient { a.B required; };", entry: nil),
        Case(text: "KafkaClient { a.B required };", entry: nil),
        Case(text: "KafkaClient { a.B required;", entry: nil),
        Case(text: "KafkaClient { a.B required x=\"\\", entry: nil),
        Case(text: "/* KafkaClient { a.B required; };", entry: nil),
        Case(text: "", entry: nil),
    ])
    func entries(_ test: Case) {
        #expect(JaasFile.entry(of: "KafkaClient", in: test.text) == test.entry)
    }

    private func settings(_ more: [String: String], file: String?) throws(SettingsFault) -> KafkaSinkSettings {
        let properties = file.map { ["java.security.auth.login.config": $0] } ?? [:]
        return try KafkaSinkSettings(
            more.merging(["kafka.bootstrap.servers": "b:1"]) { $1 },
            name: "k1",
            process: ProcessSettings(systemProperties: properties),
            locate: { "a.sinks.k1.\($0)" }
        )
    }

    private func login(_ settings: KafkaSinkSettings) -> [String?] {
        ["sasl.username", "sasl.password"].map { name in settings.options.last { $0.name == name }?.value }
    }

    @Test func clientsWithoutALoginOfTheirOwnHaveThatOfTheProcess() async throws {
        try await Workspace.use { space in
            let file = try space.write(
                "jaas.conf",
                """
                KafkaClient {
                  org.apache.kafka.common.security.plain.PlainLoginModule required
                  username="global" // who
                  password="p;w";
                };
                """
            )
            let sasl = ["kafka.producer.security.protocol": "SASL_PLAINTEXT", "kafka.producer.sasl.mechanism": "PLAIN"]
            #expect(try login(settings(sasl, file: file)) == ["global", "p;w"])
            let own = "x.PlainLoginModule required username=\"own\" password=\"o\";"
            let both = sasl.merging(["kafka.producer.sasl.jaas.config": own]) { $1 }
            #expect(try login(settings(both, file: file)) == ["own", "o"])
            #expect(try login(settings([:], file: file)) == [nil, nil])
            #expect(try login(settings(sasl, file: nil)) == [nil, nil])
            for (bad, words) in [
                (space.path("none"), "cannot be opened"), (try space.write("empty", ""), "KafkaClient"),
            ] {
                let fault = #expect(throws: SettingsFault.self) { try settings(sasl, file: bad) }
                #expect(fault?.faults.map(\.key) == ["kafka.producer.sasl.jaas.config"])
                #expect(fault?.description.contains(words) == true, "\(fault?.description ?? "")")
                #expect(fault?.description.contains(bad) == true)
            }
        }
    }
}
