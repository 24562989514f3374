import Foundation
import TestSupport
import Testing

@testable import Kafka

/// TLS and SASL towards a real Kafka that the environment names.
@Suite(.serialized, .disabled(if: KcatReader.program == nil, "kcat is not installed")) struct NamedClusterTests {
    /// What the environment says of a cluster.
    private struct Names {
        static let tls = Environment.text("KAFKA_BOOTSTRAP_TLS")
        static let sasl = Environment.text("KAFKA_BOOTSTRAP_SASL")
        static let authority = Environment.text("KAFKA_CA")
        static let certificate = Environment.text("KAFKA_CLIENT_CERT")
        static let key = Environment.text("KAFKA_CLIENT_KEY")
        static let user = Environment.text("KAFKA_SASL_USER")
        static let password = Environment.text("KAFKA_SASL_PASSWORD")
        static let mechanism = Environment.text("KAFKA_SASL_MECHANISM") ?? "PLAIN"
        static let securityProtocol = Environment.text("KAFKA_SASL_PROTOCOL") ?? "SASL_PLAINTEXT"
    }

    private static let whyNoTLS: String? =
        Names.tls == nil || Names.authority == nil ? "no cluster is named (KAFKA_BOOTSTRAP_TLS, KAFKA_CA)" : nil
    private static let whyNoSASL: String? =
        Names.sasl == nil || Names.user == nil || Names.password == nil
        ? "no cluster is named (KAFKA_BOOTSTRAP_SASL, KAFKA_SASL_USER, KAFKA_SASL_PASSWORD)" : nil

    /// How Java's users keep certificates.
    enum Format: String, CaseIterable, Sendable {
        case pem = "PEM"
        case pkcs12 = "PKCS12"
        case jks = "JKS"
    }

    /// The trust store, and the key store where the environment names a client's certificate.
    private func stores(_ format: Format, in space: Workspace) throws -> [String: String] {
        guard let authority = Names.authority else { return [:] }
        let password = Certificates.password
        var stores = ["truststore": authority]
        if let certificate = Names.certificate, let key = Names.key {
            let texts = try [certificate, key].map { try String(contentsOfFile: $0, encoding: .utf8) }
            stores["keystore"] = try space.write("client.pem", texts.joined(separator: "\n"))
        }
        if format != .pem {
            for (kind, path) in stores {
                let made = space.path("\(kind).p12")
                try CertificateMaker.run(
                    "openssl",
                    ["pkcs12", "-export", "-in", path, "-out", made, "-passout", "pass:\(password)"]
                        + (kind == "truststore" ? ["-nokeys"] : []),
                    in: space.folder
                )
                stores[kind] = made
            }
        }
        if format == .jks {
            try CertificateMaker.run(
                "keytool",
                [
                    "-importcert", "-noprompt", "-alias", "ca", "-file", authority, "-keystore",
                    space.path("truststore.jks"), "-storetype", "JKS", "-storepass", password,
                ],
                in: space.folder
            )
            stores["truststore"] = space.path("truststore.jks")
            if let made = stores["keystore"] {
                try CertificateMaker.run(
                    "keytool",
                    [
                        "-importkeystore", "-srckeystore", made, "-srcstoretype", "PKCS12", "-srcstorepass", password,
                        "-destkeystore", space.path("keystore.jks"), "-deststoretype", "JKS", "-deststorepass",
                        password,
                    ],
                    in: space.folder
                )
                stores["keystore"] = space.path("keystore.jks")
            }
        }
        var properties: [String: String] = [:]
        for (kind, path) in stores {
            properties["ssl.\(kind).location"] = path
            properties["ssl.\(kind).type"] = format.rawValue
            if format != .pem { properties["ssl.\(kind).password"] = password }
        }
        return properties
    }

    private var othersTLS: [String: String] {
        var properties: [String: String] = [:]
        if let authority = Names.authority { properties["ssl.ca.location"] = authority }
        if let certificate = Names.certificate, let key = Names.key {
            properties["ssl.certificate.location"] = certificate
            properties["ssl.key.location"] = key
        }
        return properties
    }

    @Test(.disabled(if: whyNoTLS != nil, "\(whyNoTLS ?? "")"), arguments: Format.allCases)
    func namedClusterOverTLS(_ format: Format) async throws {
        guard format != .jks || Keytool.isThere else { return }
        try await Workspace.use { space in
            let passage = SecurePassage(
                bootstrap: Names.tls ?? "",
                properties: try stores(format, in: space).merging(["security.protocol": "SSL"]) { $1 },
                others: othersTLS.merging(["security.protocol": "ssl"]) { $1 }
            )
            try await passage.run()
        }
    }

    @Test(.disabled(if: whyNoTLS != nil, "\(whyNoTLS ?? "")")) func namedClusterOfAnotherAuthority() async throws {
        let other = try Certificates.shared().path("other.pem")
        let passage = SecurePassage(
            bootstrap: Names.tls ?? "",
            properties: ["security.protocol": "SSL", "ssl.truststore.location": other],
            others: [:]
        )
        try await passage.expectRefusal(saying: "certificate verify failed", "ssl.truststore.location")
    }

    private func sasl(_ password: String, in space: Workspace) throws -> SecurePassage {
        let isTLS = Names.securityProtocol.uppercased() == "SASL_SSL"
        func quoted(_ text: String) -> String {
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
        let module =
            Names.mechanism.hasPrefix("SCRAM") ? "scram.ScramLoginModule" : "plain.PlainLoginModule"
        var properties = [
            "security.protocol": Names.securityProtocol, "sasl.mechanism": Names.mechanism,
            "sasl.jaas.config": "org.apache.kafka.common.security.\(module) required "
                + "username=\(quoted(Names.user ?? "")) password=\(quoted(password));",
        ]
        var others = [
            "security.protocol": Names.securityProtocol.lowercased(), "sasl.mechanism": Names.mechanism,
            "sasl.username": Names.user ?? "", "sasl.password": password,
        ]
        if isTLS {
            properties.merge(try stores(.pem, in: space)) { $1 }
            others.merge(othersTLS) { $1 }
        }
        return SecurePassage(bootstrap: Names.sasl ?? "", properties: properties, others: others)
    }

    @Test(.disabled(if: whyNoSASL != nil, "\(whyNoSASL ?? "")")) func namedClusterWithSASL() async throws {
        try await Workspace.use { space in
            try await sasl(Names.password ?? "", in: space).run()
            let wrong = try sasl("not " + (Names.password ?? ""), in: space)
            try await wrong.expectRefusal(saying: "uthentication", "sasl.jaas.config")
        }
    }
}
