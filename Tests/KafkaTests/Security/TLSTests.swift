import Foundation
import TestSupport
import Testing

@testable import Kafka

/// Sink and source over TLS, with stores as Java's users have them, towards a broker that is not ours.
@Suite(
    .serialized,
    .disabled(if: TLSBroker.whyNone != nil, "\(TLSBroker.whyNone ?? "")"),
    .disabled(if: KcatReader.program == nil, "kcat is not installed")
)
struct TLSTests {
    private let certificates: Certificates

    init() throws { certificates = try Certificates.shared() }

    private func broker(in space: Workspace, clientsOf authority: String? = nil) async throws -> TLSBroker {
        try await TLSBroker.start(in: space, certificate: certificates.path("server.pem"), clientsOf: authority)
    }

    private func passage(
        _ broker: TLSBroker,
        _ properties: [String: String],
        others: [String: String] = [:]
    ) -> SecurePassage {
        SecurePassage(
            bootstrap: broker.bootstrap,
            properties: properties.merging(["security.protocol": "SSL"]) { $1 },
            others: others.merging(["security.protocol": "ssl"]) { $1 }
        )
    }

    @Test func trustStoreOfPEM() async throws {
        try await Workspace.use { space in
            let broker = try await broker(in: space)
            try await passage(
                broker,
                ["ssl.truststore.location": certificates.path("ca.pem"), "ssl.truststore.type": "PEM"],
                others: ["ssl.ca.location": certificates.path("ca.pem")]
            ).run()
        }
    }

    /// The client's certificate was issued by a CA in between, which only its own key store holds.
    @Test func mutualWithPKCS12() async throws {
        try await Workspace.use { space in
            let ca = certificates.path("ca.pem")
            let broker = try await broker(in: space, clientsOf: ca)
            let passage = passage(
                broker,
                [
                    "ssl.truststore.location": certificates.path("trust.p12"),
                    "ssl.truststore.password": Certificates.password, "ssl.truststore.type": "PKCS12",
                    "ssl.keystore.location": certificates.path("chained.p12"),
                    "ssl.keystore.password": Certificates.password, "ssl.keystore.type": "PKCS12",
                ],
                others: [
                    "ssl.ca.location": ca, "ssl.certificate.location": certificates.path("client.crt"),
                    "ssl.key.location": certificates.path("client.key"),
                ]
            )
            try await passage.run()
        }
    }

    /// JKS on both sides; the broker's certificate names localhost and not 127.0.0.1, so that host names must not count.
    @Test func mutualWithJKS() async throws {
        try await Workspace.use { space in
            let stores = Tools.root + "/Tests/SecureTests/Stores/"
            let identity = space.path("flume.pem")
            try CertificateMaker.run(
                "openssl",
                ["pkcs12", "-in", stores + "key.p12", "-passin", "pass:changeit", "-nodes", "-out", identity],
                in: "/"
            )
            let broker = try await TLSBroker.start(in: space, certificate: identity, clientsOf: identity)
            let properties = [
                "ssl.truststore.location": stores + "trust.jks", "ssl.truststore.password": "changeit",
                "ssl.keystore.location": stores + "key.jks", "ssl.keystore.password": "changeit",
            ]
            try await passage(
                broker,
                properties.merging(["ssl.disableTLSHostnameVerification": "true"]) { $1 },
                others: [
                    "ssl.ca.location": identity, "ssl.certificate.location": identity, "ssl.key.location": identity,
                    "ssl.endpoint.identification.algorithm": "none",
                ]
            ).run()
            try await passage(broker, properties).expectRefusal(saying: "certificate", "127.0.0.1")
        }
    }

    @Test func certificateOfAnotherAuthorityIsRefused() async throws {
        try await Workspace.use { space in
            let broker = try await broker(in: space)
            let trust = ["ssl.truststore.location": certificates.path("other.pem")]
            try await passage(broker, trust).expectRefusal(
                saying: "certificate verify failed",
                "ssl.truststore.location"
            )
        }
    }

    @Test func clientWithoutACertificateIsRefused() async throws {
        try await Workspace.use { space in
            let ca = certificates.path("ca.pem")
            let broker = try await broker(in: space, clientsOf: ca)
            try await passage(broker, ["ssl.truststore.location": ca]).expectRefusal(
                saying: "certificate required",
                "ssl.keystore.location"
            )
        }
    }

    /// Plain text to a port that speaks TLS.
    @Test func plainTextIsRefused() async throws {
        try await Workspace.use { space in
            let broker = try await broker(in: space)
            let plain = SecurePassage(bootstrap: broker.bootstrap, properties: [:], others: [:])
            try await plain.expectRefusal(saying: "security.protocol")
        }
    }
}
