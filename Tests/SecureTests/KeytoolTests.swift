import Foundation
import NIOCore
import Secure
import TestSupport
import Testing

/// Stores as Flume's users have them: made by the JDK's keytool.
@Suite struct KeytoolTests {
    /// Whether keytool runs here; says so when it does not, since the tests are then passed over.
    static let isThere: Bool = {
        do {
            try CertificateMaker.run("keytool", ["-help"], in: "/")
            return true
        } catch {
            print("keytool does not run here, its stores are not tested: \(error)")
            return false
        }
    }()

    private static func make(_ name: String, _ more: [String]) throws -> String {
        let path = try Certificates.shared().path(name)
        try CertificateMaker.run(
            "keytool",
            [
                "-genkeypair", "-alias", "flume", "-keyalg", "RSA", "-keysize", "2048", "-dname", "CN=flume,O=Test",
                "-ext", "SAN=dns:localhost", "-keystore", path, "-storepass", "changeit", "-validity", "30",
            ] + more,
            in: "/"
        )
        return path
    }

    @Test(.enabled(if: KeytoolTests.isThere), arguments: [false, true])
    func storesOfKeytoolServeUnderTypeJKS(legacy: Bool) async throws {
        let algorithms = legacy ? ["-J-Dkeystore.pkcs12.legacy"] : []
        let path = try Self.make("keytool-\(legacy).p12", ["-storetype", "PKCS12"] + algorithms)
        let store = StoreReference(path: path, password: "changeit", type: .jks)
        let listener = try await Listener.start(TLSContext(server: TLSServerSettings(keyStore: store)))
        let trust = path + ".trust"
        let certificate = path + ".cer"
        let pass = ["-storepass", "changeit", "-alias", "flume"]
        try CertificateMaker.run(
            "keytool",
            ["-exportcert", "-keystore", path, "-file", certificate] + pass,
            in: "/"
        )
        try CertificateMaker.run(
            "keytool",
            ["-importcert", "-noprompt", "-keystore", trust, "-storetype", "PKCS12", "-file", certificate] + pass
                + algorithms,
            in: "/"
        )
        let reference = StoreReference(path: trust, password: "changeit", type: .jks)
        let client = try await listener.connect(TLSContext(client: TLSClientSettings(trustStore: reference)))
        #expect(await client.recorder.handshake()?.peerSubject == "CN=flume,O=Test", "\(client.recorder.log.lines)")
        await client.close()
        await listener.stop()
    }

    @Test(.enabled(if: KeytoolTests.isThere), arguments: ["JKS", "JCEKS"])
    func olderKindsAreRefusedByName(kind: String) throws {
        let path = try Self.make("keytool.\(kind)", ["-storetype", kind, "-keypass", "changeit"])
        let store = StoreReference(path: path, password: "changeit", type: .jks)
        let error = #expect(throws: TLSError.self) { try TLSContext(server: TLSServerSettings(keyStore: store)) }
        #expect(error?.code == .unusableStore)
        #expect(error?.message.contains("is a \(kind) store") == true)
        // The line given works as it stands.
        let command = error?.message.components(separatedBy: "convert it: ").last ?? ""
        let passwords = ["-srcstorepass", "changeit", "-deststorepass", "changeit"]
        let words = command.split(separator: " ").map(String.init) + passwords
        try CertificateMaker.run(words[0], Array(words.dropFirst()), in: "/")
        let converted = StoreReference(path: path + ".p12", password: "changeit")
        _ = try TLSContext(server: TLSServerSettings(keyStore: converted))
    }
}
