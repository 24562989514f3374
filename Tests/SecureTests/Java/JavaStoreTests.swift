import NIOCore
import Testing

@testable import Secure

/// Stores as the JDK writes them, in real handshakes.
@Suite struct JavaStoreTests {
    @Test(arguments: ["key.jks", "key.jceks", "key.p12", "key-legacy.p12", "mixed.p12"])
    func keyStoresServe(name: String) async throws {
        let context = try TLSContext(server: TLSServerSettings(keyStore: Fixture.store(name)))
        #expect(context.certificates.map(\.subject) == ["CN=flume,O=Test"])
        #expect(context.notes == [])
        let listener = try await Listener.start(context)
        let trust = try Fixture.store("trust.jks")
        let client = try await listener.connect(TLSContext(client: TLSClientSettings(trustStore: trust)))
        #expect(await client.recorder.handshake()?.peerSubject == "CN=flume,O=Test", "\(client.recorder.log.lines)")
        await client.close()
        await listener.stop()
    }

    @Test(
        arguments: [
            ("trust.jks", "changeit"), ("trust.jks", nil), ("trust.p12", "changeit"), ("trust-legacy.p12", "changeit"),
            ("trust-nopassword.p12", nil), ("trust-nopassword.p12", ""), ("trust-emptypassword.p12", nil),
            ("trust-emptypassword.p12", ""), ("wide.jks", "gr\u{fc}\u{df}\u{6771}\u{1F600}"),
            // As in Java the certificate of a key is trusted; the key's own password is not needed for it.
            ("key.jks", nil), ("key.jceks", "changeit"), ("key.p12", "changeit"),
        ] as [(String, String?)]
    )
    func trustStoresTrust(name: String, password: String?) async throws {
        let listener = try await Listener.start(
            TLSContext(server: TLSServerSettings(keyStore: Fixture.store("key.jks")))
        )
        let trust = try Fixture.store(name, password)
        let client = try await listener.connect(TLSContext(client: TLSClientSettings(trustStore: trust)))
        #expect(await client.recorder.handshake() != nil, "\(client.recorder.log.lines)")
        await client.close()
        await listener.stop()
    }

    /// What a store trusts: marked certificates and those of keys, not the rest of a key's chain.
    @Test(
        arguments: [
            ("trust.jks", ["CN=flume,O=Test"]), ("trust.p12", ["CN=flume,O=Test"]),
            ("several.jks", ["CN=first,O=Test", "CN=flume,O=Test", "CN=second,O=Test"]),
            ("mixed.p12", ["CN=first,O=Test", "CN=flume,O=Test"]),
        ]
    )
    func anchors(name: String, subjects: [String]) throws {
        let store = try Store(Fixture.store(name), for: .anchors)
        #expect(try store.anchors().map(\.subject).sorted() == subjects)
    }

    @Test func aKeysChainIsNotTrusted() throws {
        // server.p12 holds a key, its certificate and, unmarked, the CA that issued it.
        let store = try Store(Contexts.store("server.p12", password: "secret"), for: .anchors)
        #expect(try store.anchors().map(\.subject) == ["CN=server,O=Tributary Test"])
        let bare = try Store(Contexts.store("trust.p12", password: "secret"), for: .anchors)
        #expect(try bare.anchors().map(\.subject) == ["CN=ca,O=Tributary Test"])
    }

    @Test func mutualTLSBetweenJavaStores() async throws {
        let server = TLSServerSettings(
            keyStore: try Fixture.store("key.jks"),
            trustStore: try Fixture.store("several.jks"),
            clientAuthentication: .need
        )
        let listener = try await Listener.start(TLSContext(server: server), Options(echoes: true))
        let settings = TLSClientSettings(
            trustStore: try Fixture.store("trust.jks"),
            keyStore: try Fixture.store("key.jceks")
        )
        let client = try await listener.connect(TLSContext(client: settings))
        let sent = pattern(40_000)
        try await client.send(sent)
        #expect(await client.recorder.received(40_000) == sent, "\(client.recorder.log.lines)")
        let accepted = try await listener.next()
        #expect(accepted.recorder.log.handshake?.peerSubject == "CN=flume,O=Test")
        await client.close()
        await listener.stop()
    }

    @Test func withSeveralKeysTheFirstIsUsedAndTold() throws {
        let path = try Fixture.path("several.jks")
        let context = try TLSContext(server: TLSServerSettings(keyStore: Fixture.store("several.jks")))
        let name = try #require(context.certificates.first?.subject)
        #expect(["CN=first,O=Test", "CN=second,O=Test"].contains(name))
        let alias = name == "CN=first,O=Test" ? "first" : "second"
        #expect(context.notes.count == 1)
        #expect(context.notes.first?.hasPrefix("\(path) holds 2 private keys; entry ") == true, "\(context.notes)")
        #expect(context.notes.first?.hasSuffix("(\(alias)) is used") == true, "\(context.notes)")
    }

    @Test(
        arguments: [
            ("key.jks", StoreType.pkcs12, "is called a PKCS12 store and is a JKS store; it is read as one"),
            ("key.jceks", .jks, "is called a JKS store and is a JCEKS store; it is read as one"),
            ("key.p12", .jks, "is called a JKS store and is a PKCS12 store; it is read as one"),
        ]
    )
    func anotherTypeThanCalledIsNoted(name: String, type: StoreType, note: String) throws {
        let path = try Fixture.path(name)
        let context = try TLSContext(server: TLSServerSettings(keyStore: Fixture.store(name, type: type)))
        #expect(context.notes == ["\(path) \(note)"])
    }
}
