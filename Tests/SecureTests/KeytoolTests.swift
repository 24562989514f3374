import Foundation
import NIOCore
import Secure
import TestSupport
import Testing

/// Stores as Flume's users have them: made by the JDK's keytool.
@Suite struct KeytoolTests {
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

    @Test(.enabled(if: Keytool.isThere), arguments: [false, true])
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

    @Test(.enabled(if: Keytool.isThere), arguments: ["JKS", "JCEKS"])
    func olderKindsServeBothSides(kind: String) async throws {
        let path = try Self.make("keytool.\(kind)", ["-storetype", kind, "-keypass", "changeit"])
        let certificate = path + ".cer"
        let pass = ["-storepass", "changeit", "-alias", "flume"]
        try CertificateMaker.run("keytool", ["-exportcert", "-keystore", path, "-file", certificate] + pass, in: "/")
        try CertificateMaker.run(
            "keytool",
            ["-importcert", "-noprompt", "-keystore", path + ".trust", "-storetype", kind, "-file", certificate] + pass,
            in: "/"
        )
        let keys = StoreReference(path: path, password: "changeit", type: .jks)
        let trust = StoreReference(path: path + ".trust", password: "changeit", type: .jks)
        let server = TLSServerSettings(keyStore: keys, trustStore: trust, clientAuthentication: .need)
        let listener = try await Listener.start(TLSContext(server: server))
        let client = try await listener.connect(
            TLSContext(client: TLSClientSettings(trustStore: trust, keyStore: keys))
        )
        let accepted = try await listener.next()
        #expect(await accepted.recorder.handshake()?.peerSubject == "CN=flume,O=Test", "\(accepted.recorder.log.lines)")
        #expect(await client.recorder.handshake()?.peerSubject == "CN=flume,O=Test", "\(client.recorder.log.lines)")
        await client.close()
        await listener.stop()
        for store in [keys, trust] {
            var wrong = store
            wrong.password = "changed"
            let error = #expect(throws: TLSError.self) { try TLSContext(client: TLSClientSettings(trustStore: wrong)) }
            #expect(error?.code == .wrongPassword, "\(error?.message ?? "")")
        }
    }

    /// `keytool -genseckey` does not tell the key that it makes: the JDK is asked for it.
    @Test(
        .enabled(if: Keytool.isThere),
        arguments: [("AES", 128), ("AES", 256), ("HmacSHA256", 256), ("DESede", 168)]
    )
    func secretKeysAreThoseThatJavaReads(algorithm: String, size: Int) throws {
        let path = try Certificates.shared().path("keytool.\(algorithm)\(size)")
        try CertificateMaker.run(
            "keytool",
            [
                "-genseckey", "-alias", "Key", "-keyalg", algorithm, "-keysize", "\(size)", "-storetype", "JCEKS",
                "-keystore", path, "-storepass", "changeit", "-keypass", "changeit",
            ],
            in: "/"
        )
        let source = """
            import java.io.FileInputStream;
            import java.nio.file.*;
            import java.security.KeyStore;
            class Print {
                public static void main(String[] words) throws Exception {
                    KeyStore store = KeyStore.getInstance("JCEKS");
                    store.load(new FileInputStream(words[0]), "changeit".toCharArray());
                    byte[] key = store.getKey("key", "changeit".toCharArray()).getEncoded();
                    Files.write(Path.of(words[0] + ".key"), key);
                }
            }
            """
        try source.write(toFile: path + ".java", atomically: false, encoding: .utf8)
        try CertificateMaker.run("java", ["-XX:TieredStopAtLevel=1", path + ".java", path], in: "/")
        let key = try JavaKeyStore(path: path, password: "changeit").secret(alias: "key")
        #expect(key.algorithm == algorithm)
        #expect(key.bytes == [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + ".key"))))
        let cut = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))).dropLast(30)
        let error = #expect(throws: TLSError.self) {
            try JavaKeyStore(bytes: Array(cut), path: path, password: "changeit")
        }
        #expect(error?.code == .unusableStore)
        #expect(error?.message.contains("ends in the middle of entry 1 of 1") == true, "\(error?.message ?? "")")
    }
}
