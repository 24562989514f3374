import Foundation

/// One set of real certificates and stores, made once for a test process in a folder that goes with it.
///
/// Passwords are `secret`. Leaves are P-256. `server` names localhost, *.example.test, 127.0.0.1 and ::1.
package struct Certificates: Sendable {
    package static let password = "secret"

    /// The set, or why it could not be made.
    package static func shared() throws -> Certificates { try Self.made.get() }

    private static let made: Result<Certificates, any Error> = Result { try Certificates() }

    package let folder: String

    /// A file of the set by name.
    ///
    /// PEM with key: server, client, expired, future, foreign (of `other`), elsewhere (names other.test), selfsigned,
    /// chained (under `middle`, with `middle`), bare (under `middle`, alone), mismatch (server's certificate, client's
    /// key), encrypted (PKCS8), traditional (PKCS1 style, encrypted), reversed (key first, chain in front of the leaf),
    /// rsa, weak (RSA 1024). CAs: ca, other, middle. PKCS12: server.p12, legacy.p12 (RC2 and 3DES), trust.p12, chained.p12,
    /// empty.p12 (no password). Others: damaged.p12 (cut off), changed.p12 (a byte of its frame),
    /// damaged.pem, damagedkey.pem, empty, text, store.jks and store.jceks (12 bytes long).
    package func path(_ name: String) -> String { "\(self.folder)/\(name)" }

    private init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("certificates-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        self.folder = url.path
        Self.removeAtExit(url.path)
        let maker = CertificateMaker(folder: self.folder)
        try Self.makeCertificates(maker)
        try Self.makeContainers(maker)
        try Self.makeBadFiles(maker)
    }

    private static func makeCertificates(_ maker: CertificateMaker) throws {
        let root = try maker.makeAuthority("ca")
        let other = try maker.makeAuthority("other")
        let middle = try maker.makeAuthority("middle", under: root)
        let names = "DNS:localhost,DNS:*.example.test,IP:127.0.0.1,IP:::1"
        func request(_ name: String, _ names: String) -> CertificateMaker.Request {
            CertificateMaker.Request(subject: "/O=Tributary Test/CN=\(name)", names: names)
        }
        try maker.makeLeaf("server", request("server", names), by: root)
        try maker.makeLeaf("client", request("client", "DNS:edge1.example.test"), by: root)
        try maker.makeLeaf("foreign", request("foreign", names), by: other)
        try maker.makeLeaf("elsewhere", request("elsewhere", "DNS:other.test,IP:192.0.2.7"), by: root)
        var expired = request("expired", names)
        expired.notAfter = "20210102030405Z"
        try maker.makeLeaf("expired", expired, by: root)
        var future = request("future", names)
        future.notBefore = "20980102030405Z"
        try maker.makeLeaf("future", future, by: root)
        try maker.makeLeaf("bare", request("bare", names), by: middle)
        try maker.join(["bare.pem", "middle.pem"], to: "chained.pem")
        try maker.join(["bare.key", "ca.pem", "middle.pem", "bare.crt"], to: "reversed.pem")
        try maker.join(["server.crt", "client.key"], to: "mismatch.pem")
        for (name, size) in [("rsa", "2048"), ("weak", "1024")] {
            try maker.run([
                "req", "-x509", "-newkey", "rsa:\(size)", "-nodes", "-keyout", "\(name).key", "-out", "\(name).crt",
                "-days", "3650", "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(names)",
            ])
            try maker.join(["\(name).crt", "\(name).key"], to: "\(name).pem")
        }
        try maker.join(["rsa.crt", "rsa.key"], to: "selfsigned.pem")
    }

    private static func makeContainers(_ maker: CertificateMaker) throws {
        let pass = "pass:\(Self.password)"
        try maker.run(["pkcs8", "-topk8", "-in", "server.key", "-out", "encrypted.key", "-passout", pass])
        try maker.join(["encrypted.key", "server.crt"], to: "encrypted.pem")
        try maker.run(["ec", "-in", "server.key", "-aes256", "-out", "traditional.key", "-passout", pass])
        try maker.join(["server.crt", "traditional.key"], to: "traditional.pem")
        func container(_ name: String, _ input: String, _ more: [String]) throws {
            try maker.run(["pkcs12", "-export", "-in", input, "-out", name, "-passout", pass] + more)
        }
        try container("server.p12", "server.pem", ["-certfile", "ca.pem"])
        try container("legacy.p12", "server.pem", ["-certfile", "ca.pem", "-legacy"])
        try container("trust.p12", "ca.pem", ["-nokeys"])
        try container("chained.p12", "bare.pem", ["-certfile", "middle.pem"])
        try maker.run(["pkcs12", "-export", "-in", "server.pem", "-out", "empty.p12", "-passout", "pass:"])
    }

    private static func makeBadFiles(_ maker: CertificateMaker) throws {
        let container = try [UInt8](Data(contentsOf: URL(fileURLWithPath: maker.path("server.p12"))))
        try maker.write(Array(container.prefix(container.count / 2)), to: "damaged.p12")
        // The tag behind the version, which is 3.
        var changed = container
        if let place = changed.firstRange(of: [0x02, 0x01, 0x03])?.upperBound { changed[place] ^= 0x10 }
        try maker.write(changed, to: "changed.p12")
        try self.makeDearFiles(maker)
        let certificate = try String(contentsOfFile: maker.path("ca.pem"), encoding: .utf8)
        try maker.write(Array(certificate.replacingOccurrences(of: "MII", with: "M!I").utf8), to: "damaged.pem")
        let key = try String(contentsOfFile: maker.path("server.key"), encoding: .utf8)
        try maker.write(Array(key.replacingOccurrences(of: "MIG", with: "MIF").utf8), to: "cut.key")
        try maker.join(["server.crt", "cut.key"], to: "damagedkey.pem")
        try maker.write([], to: "empty")
        try maker.write(Array("agent.sources = r1\n".utf8), to: "text")
        try maker.write([0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2, 0, 0, 0, 0], to: "store.jks")
        try maker.write([0xCE, 0xCE, 0xCE, 0xCE, 0, 0, 0, 2, 0, 0, 0, 0], to: "store.jceks")
    }

    /// Encryptions that ask for 8,388,607 iterations: made with 70,000, for nobody waits for the others.
    private static func makeDearFiles(_ maker: CertificateMaker) throws {
        let pass = "pass:\(Self.password)"
        let export = ["pkcs12", "-export", "-in", "server.pem", "-passout", pass, "-iter", "70000", "-nomac"]
        let (aes, old) = ("AES-256-CBC", "PBE-SHA1-3DES")
        try maker.run(export + ["-out", "dearkey.p12", "-keypbe", aes, "-certpbe", "NONE"])
        try maker.run(export + ["-out", "dearcertificates.p12", "-keypbe", "NONE", "-certpbe", aes])
        try maker.run(export + ["-out", "dearold.p12", "-keypbe", old, "-certpbe", old])
        let key = ["pkcs8", "-topk8", "-in", "server.key", "-iter", "70000", "-passout", pass]
        try maker.run(key + ["-outform", "DER", "-out", "dear.key"])
        // DER: an INTEGER of three bytes.
        for name in ["dearkey.p12", "dearcertificates.p12", "dearold.p12", "dear.key"] {
            var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: maker.path(name))))
            while let place = bytes.firstRange(of: [0x02, 0x03, 0x01, 0x11, 0x70]) {
                bytes.replaceSubrange(place, with: [0x02, 0x03, 0x7F, 0xFF, 0xFF])
            }
            try maker.write(bytes, to: name)
        }
        let dear = try Data(contentsOf: URL(fileURLWithPath: maker.path("dear.key"))).base64EncodedString()
        let text = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n\(dear)\n-----END ENCRYPTED PRIVATE KEY-----\n"
        try maker.write(Array(text.utf8), to: "dear.key")
        try maker.join(["server.crt", "dear.key"], to: "dear.pem")
    }

    /// `atexit` takes no context: the folder's name waits here.
    nonisolated(unsafe) private static var doomed: String?

    private static func removeAtExit(_ folder: String) {
        // Called once, inside the one-time initialisation of `made`.
        Self.doomed = folder
        atexit {
            if let folder = Certificates.doomed { try? FileManager.default.removeItem(atPath: folder) }
        }
    }
}
