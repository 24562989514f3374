import Agent
import Foundation
import Logging
import TestSupport
import Testing

@testable import Kafka

/// Java's key and trust stores, up to a client of librdkafka that has taken them.
@Suite struct ClientStoresTests {
    private static let folder = Tools.root + "/Tests/SecureTests/Stores/"
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    struct Case: Sendable, CustomTestStringConvertible {
        let key: String
        let trust: String
        var testDescription: String { "\(key) \(trust)" }
    }

    private func stores(_ properties: [String: String]) -> ClientStores {
        JavaClientOptions(properties, for: .consumer).stores
    }

    private func makeClient(_ properties: [String: String]) throws {
        let options = [ClientOption("bootstrap.servers", "127.0.0.1:1"), ClientOption("security.protocol", "ssl")]
        let configuration = try ClientConfiguration.make("test", options, stores(properties), Self.logger)
        _ = try configuration.makeProducer()
    }

    @Test(arguments: [
        Case(key: "key.jks", trust: "trust.jks"), Case(key: "key.p12", trust: "trust.p12"),
        Case(key: "key-legacy.p12", trust: "several.jks"), Case(key: "key.jceks", trust: "trust.p12"),
    ])
    func librdkafkaTakesThem(_ test: Case) throws {
        // The type that a file states does not matter, as in Java.
        let properties = [
            "ssl.keystore.location": Self.folder + test.key, "ssl.keystore.password": "changeit",
            "ssl.truststore.location": Self.folder + test.trust, "ssl.truststore.password": "changeit",
            "ssl.truststore.type": "JKS",
        ]
        let loaded = try stores(properties).load().options
        #expect(loaded.map(\.name) == ["ssl.ca.pem", "ssl.certificate.pem", "ssl.key.pem"])
        #expect(loaded[0].value.hasPrefix("-----BEGIN CERTIFICATE-----\n"))
        #expect(loaded[2].value.hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
        #expect(loaded.allSatisfy { $0.description.contains("(hidden)") })
        try makeClient(properties)
    }

    @Test func pemFilesAndTexts() throws {
        let certificates = try Certificates.shared()
        let files = [
            "ssl.keystore.location": certificates.path("server.pem"), "ssl.keystore.type": "PEM",
            "ssl.truststore.location": certificates.path("ca.pem"), "ssl.truststore.type": "PEM",
        ]
        let loaded = try stores(files).load().options
        try makeClient(files)
        let texts = Dictionary(uniqueKeysWithValues: loaded.map { ($0.name, $0.value) })
        try makeClient([
            "ssl.truststore.certificates": texts["ssl.ca.pem"] ?? "",
            "ssl.keystore.certificate.chain": texts["ssl.certificate.pem"] ?? "",
            "ssl.keystore.key": texts["ssl.key.pem"] ?? "",
        ])
    }

    @Test func keyWithAPasswordOfItsOwn() throws {
        var properties = [
            "ssl.keystore.location": Self.folder + "ownkey.jks", "ssl.keystore.password": "changeit",
        ]
        #expect(throws: ComponentError.self) { try makeClient(properties) }
        properties["ssl.key.password"] = "otherpass"
        try makeClient(properties)
    }

    @Test func whatCannotBeReadIsTheMachinesFault() throws {
        let missing = try #require(throws: ComponentError.self) {
            try makeClient(["ssl.truststore.location": "/no/such/store.jks"])
        }
        #expect(missing.code == .environment)
        #expect(missing.message.contains("/no/such/store.jks"))
        let wrong = try #require(throws: ComponentError.self) {
            try makeClient(["ssl.keystore.location": Self.folder + "key.jks", "ssl.keystore.password": "wrong"])
        }
        #expect(wrong.message.contains("key.jks"))
    }

    @Test func whatIsSilentIsFilledFromTheProcess() throws {
        let process = ProcessSettings(
            systemProperties: [
                "javax.net.ssl.trustStore": Self.folder + "trust.jks", "javax.net.ssl.trustStorePassword": "changeit",
            ],
            environment: [
                "FLUME_SSL_KEYSTORE_PATH": Self.folder + "key.jks", "FLUME_SSL_KEYSTORE_PASSWORD": "changeit",
            ]
        )
        let settings = try KafkaSourceSettings(
            [
                "kafka.bootstrap.servers": "b:1", "kafka.topics": "t", "kafka.consumer.security.protocol": "SSL",
            ],
            name: "r1",
            process: process,
            locate: { $0 }
        )
        let loaded = try settings.stores.load()
        #expect(loaded.options.map(\.name) == ["ssl.ca.pem", "ssl.certificate.pem", "ssl.key.pem"])
        let plain = try KafkaSourceSettings(
            ["kafka.bootstrap.servers": "b:1", "kafka.topics": "t", "kafka.consumer.security.protocol": "ssl"],
            name: "r1",
            process: process,
            locate: { $0 }
        )
        let none = try plain.stores.load()
        #expect(none.options.isEmpty)
    }
}
