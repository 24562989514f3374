import TestSupport
import Testing

@testable import Kafka

/// What librdkafka is told of a JAAS entry, seen from the other side of a login.
@Suite(.serialized) struct SASLTests {
    private func properties(_ user: String, _ password: String) -> [String: String] {
        [
            "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule required "
                + "username=\"\(user)\" password=\"\(password)\";",
        ]
    }

    private func withBroker(refusal: String?, _ body: (FakeSASLBroker) async throws -> Void) async throws {
        let broker = try await FakeSASLBroker.start(refusal: refusal)
        do {
            try await body(broker)
        } catch {
            await broker.stop()
            throw error
        }
        await broker.stop()
    }

    @Test func userAndPasswordComeFromTheJAASEntry() async throws {
        try await withBroker(refusal: nil) { broker in
            let given = properties(#"a \"b\""#, #"p\\w;=ü"#)
            let expected = FakeSASLBroker.Login(mechanism: "PLAIN", user: #"a "b""#, password: #"p\w;=ü"#)
            let keys = Dictionary(uniqueKeysWithValues: given.map { ("kafka.producer.\($0.key)", $0.value) })
            try await SinkHarness.run(broker.bootstrap, keys) { harness in
                try await Waiting.until("somebody logs in", within: 10) { !broker.logins.isEmpty }
                // A probe is answered once the login is through.
                try await Task.sleep(for: .seconds(5))
                #expect(harness.sink.trouble == nil)
            }
            #expect(Set(broker.logins) == [expected])
        }
    }

    @Test func refusedLoginSaysWhoAndWhatToDo() async throws {
        try await withBroker(refusal: "Authentication failed: Invalid username or password") { broker in
            let passage = SecurePassage(
                bootstrap: broker.bootstrap,
                properties: properties("flume", "wrong"),
                others: [:]
            )
            try await passage.expectRefusal(saying: "Invalid username or password", "sasl.jaas.config")
            #expect(broker.logins.allSatisfy { $0.password == "wrong" })
        }
    }
}
