import Secure
import TestSupport
import Testing

/// Every fault of a store is told apart and told in a line that names the file.
@Suite struct StoreTests {
    private func fault(_ name: String, _ password: String?, _ code: TLSError.Code, _ text: String) throws {
        let path = try Certificates.shared().path(name)
        let settings = TLSServerSettings(keyStore: StoreReference(path: path, password: password))
        let error = #expect(throws: TLSError.self) { try TLSContext(server: settings) }
        #expect(error?.code == code, "\(error?.message ?? "")")
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains(path) == true)
        #expect(error?.message.contains("secret") == false)
    }

    @Test(
        arguments: [
            ("absent.p12", "x", TLSError.Code.unreadableFile, "No such file or directory (errno 2)"),
            (".", "x", .unreadableFile, "Is a directory (errno 21)"),
            ("server.p12", "wrong", .wrongPassword, "the password given does not open the PKCS12 store"),
            ("legacy.p12", "wrong", .wrongPassword, "the password given does not open the PKCS12 store"),
            ("server.p12", nil, .wrongPassword, "needs a password and none is given"),
            ("encrypted.pem", "wrong", .wrongPassword, "the password given does not open the private key"),
            ("traditional.pem", "wrong", .wrongPassword, "the password given does not open the private key"),
            ("encrypted.pem", nil, .wrongPassword, "is encrypted and no password is given"),
            ("traditional.pem", nil, .wrongPassword, "is encrypted and no password is given"),
            ("damaged.p12", "secret", .unusableStore, "it ends in the middle; it was cut off"),
            ("damaged.pem", nil, .unusableStore, "is damaged: "),
            ("damagedkey.pem", nil, .unusableStore, "is damaged: "),
            ("mismatch.pem", nil, .unusableStore, "does not match its certificate (CN=server,O=Tributary Test)"),
            ("ca.pem", nil, .unusableStore, "holds no private key"),
            ("trust.p12", "secret", .unusableStore, "holds no private key"),
            ("server.key", nil, .unusableStore, "holds no certificate"),
            ("weak.pem", nil, .unusableStore, "cannot be used: ee key too small"),
            ("empty", nil, .unusableStore, "the file is empty"),
            ("text", nil, .unusableStore, "it is neither PEM, PKCS12, JKS nor JCEKS"),
            ("store.jks", "x", .unusableStore, "the JKS store"),
            (
                "store.jceks", "x", .unusableStore,
                "ends in its last 20 bytes, the digest behind 0 entries; it was cut off"
            ),
            ("changed.p12", "secret", .unusableStore, "is no PKCS12 store, or is damaged"),
            ("damagedkey.pem", "secret", .unusableStore, "is damaged: "),
            ("dearkey.p12", "secret", .unusableStore, "its encryption wants 8388607 iterations"),
            ("dearcertificates.p12", "secret", .unusableStore, "its encryption wants 8388607 iterations"),
            ("dearold.p12", "secret", .unusableStore, "its encryption wants 8388607 iterations"),
            ("dear.pem", "secret", .unusableStore, "the encryption of its private key wants 8388607 iterations"),
        ] as [(String, String?, TLSError.Code, String)]
    )
    func keyStores(name: String, password: String?, code: TLSError.Code, text: String) throws {
        try self.fault(name, password, code, text)
    }

    @Test(arguments: ["server.key", "empty.p12"])
    func trustStoresNeedACertificate(name: String) throws {
        // empty.p12 holds one and an empty password opens it; a key alone is no trust store.
        let settings = TLSClientSettings(trustStore: try Contexts.store(name))
        if name == "empty.p12" {
            _ = try TLSContext(client: settings)
        } else {
            let error = #expect(throws: TLSError.self) { try TLSContext(client: settings) }
            #expect(error?.code == .unusableStore)
            #expect(error?.message.hasSuffix("holds no certificate") == true)
        }
    }

    @Test(arguments: [StoreType.jks, .pem, .pkcs12, nil])
    func contentDecidesNotTheType(type: StoreType?) throws {
        let folder = try Certificates.shared()
        for (name, password) in [("server.p12", "secret"), ("server.pem", nil)] {
            let store = StoreReference(path: folder.path(name), password: password, type: type)
            _ = try TLSContext(server: TLSServerSettings(keyStore: store))
        }
    }

    @Test func typesByTheirNames() {
        #expect(StoreType(name: "JKS") == .jks)
        #expect(StoreType(name: "jceks") == .jceks)
        #expect(StoreType(name: "PKCS12") == .pkcs12)
        #expect(StoreType(name: "pfx") == .pkcs12)
        #expect(StoreType(name: "PEM") == .pem)
        #expect(StoreType(name: "BKS") == nil)
    }

    @Test func withoutATrustStoreTheSystemDecides() throws {
        _ = try TLSContext(client: TLSClientSettings())
    }
}
