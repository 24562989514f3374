import Testing

@testable import Secure

@Suite struct SecretKeyTests {
    private static let aes = "dcd345af09d3452f61f493c4d5f19a8d6bef9e3a40c1b4e37691d6642d820eed"
    private static let hmac = "d7eb983905a30b9a9a6969084726768c16c93177a617afc19a86cf6afa9c46f8"
    private static let des = "313132323434373738386162626464676768686b6b6d6d6e"

    private func store(_ name: String, _ password: String? = "changeit") throws -> JavaKeyStore {
        try JavaKeyStore(path: Fixture.path(name), password: password)
    }

    @Test(
        arguments: [
            ("secret.jceks", "seal-aes", nil, "AES", Self.aes),
            ("secret.jceks", "SEAL-AES", "changeit", "AES", Self.aes),
            ("secret.jceks", "own", "otherpass", "HmacSHA256", Self.hmac),
            ("keyrep.jceks", "des", nil, "DESede", Self.des),
        ] as [(String, String, String?, String, String)]
    )
    func keysAreGiven(name: String, alias: String, password: String?, algorithm: String, hex: String) throws {
        let key = try self.store(name).secret(alias: alias, password: password)
        #expect(key.algorithm == algorithm)
        #expect(key.bytes == Fixture.bytes(hex: hex))
    }

    @Test func aliasesAreListed() throws {
        let store = try self.store("secret.jceks")
        #expect(store.secretAliases.sorted() == ["own", "seal-aes"])
        #expect(store.kind == .jceks)
        #expect(try self.store("key.jks").secretAliases == [])
    }

    @Test(
        arguments: [
            ("secret.jceks", "own", nil, TLSError.Code.wrongPassword, "does not open the key `own` in"),
            ("secret.jceks", "seal-aes", "wrong", .wrongPassword, "does not open the key `seal-aes` in"),
            ("secret.jceks", "seal-aes", "w\u{f6}rd", .wrongPassword, "does not open the key `seal-aes` in"),
            ("secret.jceks", "aes", nil, .unusableStore, "holds no key `aes`; it holds entry 1 ("),
            ("key.jceks", "flume", nil, .unusableStore, "`flume` in the JCEKS store"),
        ] as [(String, String, String?, TLSError.Code, String)]
    )
    func faults(name: String, alias: String, password: String?, code: TLSError.Code, text: String) throws {
        let store = try self.store(name)
        let error = #expect(throws: TLSError.self) { try store.secret(alias: alias, password: password) }
        #expect(error?.code == code, "\(error?.message ?? "")")
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
    }

    @Test func withoutAPasswordNothingIsGiven() throws {
        let store = try self.store("secret.jceks", nil)
        let error = #expect(throws: TLSError.self) { try store.secret(alias: "own") }
        #expect(error?.message.contains("needs a password and none is given") == true)
    }

    /// No password in 600 opens it by chance: one in 256 has the padding right.
    @Test func paddingThatIsRightByChanceOpensNothing() throws {
        let store = try self.store("keyrep.jceks")
        guard case .secretKey(let sealed) = store.entries.first?.content else { throw Fixture.Missing(name: "des") }
        let parameters = Fixture.bytes(hex: "300d04080403020101020304020114")
        var right = 0
        for number in 0..<600 {
            let cipher = try MD5TripleDES(parameters: parameters[...])
            if (try? cipher.decrypt(sealed.content, password: "p\(number)")) != nil { right += 1 }
            #expect(
                SealedKey(.object(Self.object(sealed.content, parameters))).map { self.opens($0, "p\(number)") }
                    == false
            )
        }
        #expect(right > 0)
    }

    private func opens(_ key: SealedKey, _ password: String) -> Bool {
        do throws(SealedKey.Fault) {
            _ = try key.open(password: password)
            return true
        } catch {
            if case .unusable(let why) = error { Issue.record("\(why)") }
            return false
        }
    }

    private static func object(_ content: ArraySlice<UInt8>, _ parameters: [UInt8]) -> JavaObject {
        JavaObject(
            className: "javax.crypto.SealedObject",
            fields: [
                "encryptedContent": .bytes(content), "encodedParams": .bytes(parameters[...]),
                "sealAlg": .text("PBEWithMD5AndTripleDES"),
            ]
        )
    }

    /// What the JDK gives for a salt of two equal halves.
    @Test func equalHalvesOfASaltAreMixedAsJavaMixesThem() throws {
        let cipher = try MD5TripleDES(parameters: Fixture.bytes(hex: "300d04080403020101020304020114")[...])
        // The bytes that the JDK's cipher made of the text, printed by Stores/make.
        let sealed = Fixture.bytes(hex: "90ab59d68f97dfbb9a1200cdf9a5162e")
        #expect(try cipher.decrypt(sealed[...], password: "changeit") == Array("hello tributary".utf8))
    }

    @Test(
        arguments: [
            ("300d04080102030405060708020114", nil), ("300f0408010203040506070802034c4b40", nil),
            ("300f0408010203040506070802034c4b41", "5000001 iterations, more than 5000000"),
            ("300d04080102030405060708020100", "damaged"), ("300d04080102030405060708020180", "damaged"),
            ("300c040701020304050607020114", "damaged"), ("3000", "damaged"), ("", "damaged"),
        ] as [(String, String?)]
    )
    func parameters(hex: String, text: String?) {
        do throws(MD5TripleDES.Fault) {
            _ = try MD5TripleDES(parameters: Fixture.bytes(hex: hex)[...])
            #expect(text == nil)
        } catch {
            guard case .unusable(let why) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(text.map { why.contains($0) } == true, "\(why)")
        }
    }
}
