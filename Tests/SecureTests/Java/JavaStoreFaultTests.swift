import Testing

@testable import Secure

/// A wrong password, damage and a file that was cut off are three different things.
@Suite struct JavaStoreFaultTests {
    @Test(
        arguments: [
            ("key.jks", "wrong", TLSError.Code.wrongPassword, "the password given does not open the JKS store"),
            ("key.jceks", "wrong", .wrongPassword, "the password given does not open the JCEKS store"),
            ("secret.jceks", "", .wrongPassword, "the password given does not open the JCEKS store"),
            ("key.jks", nil, .wrongPassword, "needs a password for its private key and none is given"),
            ("ownkey.jks", "changeit", .wrongPassword, "does not open the private key, entry 1 (flume), in"),
            ("ownkey.jceks", "changeit", .wrongPassword, "does not open the private key, entry 1 (flume), in"),
            ("trust.jks", "changeit", .unusableStore, "holds no private key"),
            ("empty.jks", "changeit", .unusableStore, "holds no private key"),
            ("secret.jceks", "changeit", .unusableStore, "holds no private key"),
            ("key-legacy.p12", "wrong", .wrongPassword, "the password given does not open the PKCS12 store"),
            ("key.p12", nil, .wrongPassword, "needs a password and none is given"),
        ] as [(String, String?, TLSError.Code, String)]
    )
    func keyStores(name: String, password: String?, code: TLSError.Code, text: String) throws {
        let settings = TLSServerSettings(keyStore: try Fixture.store(name, password))
        let error = #expect(throws: TLSError.self) { try TLSContext(server: settings) }
        #expect(error?.code == code, "\(error?.message ?? "")")
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
        #expect(try error?.message.contains(Fixture.path(name)) == true)
    }

    @Test(arguments: [("trust.jks", "wrong", "the password given"), ("empty.jks", "changeit", "holds no certificate")])
    func trustStores(name: String, password: String, text: String) throws {
        let settings = TLSClientSettings(trustStore: try Fixture.store(name, password))
        let error = #expect(throws: TLSError.self) { try TLSContext(client: settings) }
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
    }

    private func fault(_ bytes: [UInt8], _ password: String? = "changeit") -> TLSError? {
        do throws(TLSError) {
            _ = try JavaKeyStore(bytes: bytes, path: "/s", password: password)
            return nil
        } catch {
            return error
        }
    }

    /// The file ends anywhere: always told as such, and as the entry it ends in.
    @Test(arguments: ["key.jks", "key.jceks", "several.jks", "secret.jceks"])
    func cutAtEveryByte(name: String) throws {
        let bytes = try Fixture.bytes(name)
        var places: [String] = []
        for count in 0..<bytes.count {
            let error = self.fault(Array(bytes[..<count]))
            #expect(error?.code == .unusableStore)
            let message = error?.message ?? ""
            let place = message.split(separator: " ends in ").last.map { String($0.prefix { $0 != ";" }) } ?? message
            if places.last != place { places.append(place) }
        }
        let entries = try JavaKeyStore(bytes: bytes, path: "/s", password: nil).entries.count
        let inside = (1...entries).map { "the middle of entry \($0) of \(entries)" }
        #expect(places == ["its first 12 bytes"] + inside + ["its last 20 bytes, the digest behind \(entries) entries"])
        #expect(self.fault(bytes) == nil)
        // As in Java, what follows is not looked at.
        #expect(self.fault(bytes + [1, 2, 3]) == nil)
    }

    /// One bit of any byte: never taken, and told as damage wherever that can be known.
    @Test(arguments: ["key.jks", "key.jceks", "trust.jks", "secret.jceks", "several.jks"], [0x01, 0x80] as [UInt8])
    func flippedAtEveryByte(name: String, bit: UInt8) throws {
        let bytes = try Fixture.bytes(name)
        var damaged = 0
        var cut = 0
        var wrong = 0
        // A JCEKS key costs 400,000 digests to try, so only some bytes of such a store are changed.
        let step = name.hasSuffix(".jceks") ? 97 : 1
        for place in stride(from: bytes.startIndex, to: bytes.endIndex, by: step) {
            var changed = bytes
            changed[place] ^= bit
            let message = self.fault(changed)?.message ?? "taken"
            if message.contains("is damaged: ") {
                damaged += 1
            } else if message.contains("it was cut off") {
                cut += 1
            } else {
                #expect(
                    message.contains("(if it is right, the file was changed after it was made)"),
                    "\(place): \(message)"
                )
                wrong += 1
            }
        }
        let all = (bytes.count + step - 1) / step
        #expect(damaged + cut + wrong == all)
        // The first key of secret.jceks has a password of its own, so nothing there can tell that the store's is right.
        guard name != "secret.jceks" else { return }
        // Elsewhere a key or a certificate tells, but where it is itself what changed.
        #expect(wrong * 2 < all, "\(damaged) damaged, \(cut) cut, \(wrong) in doubt")
        #expect(damaged * 3 > all, "\(damaged) damaged, \(cut) cut, \(wrong) in doubt")
    }

    @Test(
        arguments: [
            ("feedface00000002000000000000", "its first bytes are not a store's"),
            ("feedfeed0000000300000000", "its version is 3, not 1 or 2"),
            ("feedfeed00000002000000010000000700016100000000000000000000", "its kind is 7, which JKS does not have"),
            ("feedfeed00000002000000010000000300016100000000000000000000", "its kind is 3, which JKS does not have"),
            ("cecececb00000002", "its first"),
            (
                "feedfeed00000002ffffffff0000000100016100000000000000007fffffff",
                "entry 1 of 4294967295: a key of 2147483647"
            ),
            (
                "feedfeed00000002000000010000000100016100000000000000000000000100ffffffff",
                "entry 1 of 1: a chain of 4294967295 certificates"
            ),
            (
                "feedfeed000000020000000100000002000161000000000000000000055047502d36" + "00000000",
                "entry 1 of 1: a certificate of type `PGP-6`, not X.509"
            ),
            (
                "cececece00000002000000010000000300016100000000000000000badf00d00",
                "entry 1 of 1: a sealed key that cannot be read: no serialized object"
            ),
        ]
    )
    func hostileHeads(hex: String, text: String) {
        let message = self.fault(Fixture.bytes(hex: hex), nil)?.message ?? ""
        #expect(message.contains(text), "\(message)")
    }
}
