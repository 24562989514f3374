import NIOCore
import Secure
import Testing

@Suite struct HandshakeTests {
    @Test(arguments: ["TLSv1.2", "TLSv1.3"], [1, 100, 16_384, 16_385, 70_000, 5_000_000])
    func echoes(version: String, size: Int) async throws {
        let limits = TLSLimits(includeProtocols: [version])
        let listener = try await Listener.start(Contexts.server(), Options(echoes: true))
        let client = try await listener.connect(Contexts.client(limits: limits))
        let sent = pattern(size)
        try await client.send(sent)
        #expect(await client.recorder.received(size) == sent)
        let agreed = try #require(client.recorder.log.handshake)
        #expect(agreed.protocolName == version)
        #expect(agreed.cipher.hasPrefix("TLS_"))
        #expect(agreed.peerSubject == "CN=server,O=Tributary Test")
        let server = try await listener.next()
        #expect(server.recorder.log.received == sent)
        #expect(server.recorder.log.handshake?.protocolName == version)
        #expect(server.recorder.log.handshake?.peerSubject == nil)
        await client.close()
        #expect(await server.recorder.closed().peerClosed == [true])
        #expect(server.recorder.log.lines == [])
        #expect(client.recorder.log.lines == [])
        await listener.stop()
    }

    @Test func writesBeforeTheHandshakeKeepOrderAndPromises() async throws {
        let listener = try await Listener.start(Contexts.server(), Options(echoes: true))
        let client = try await listener.connect(Contexts.client())
        let sent = pattern(300_000)
        var rest = sent
        var futures: [EventLoopFuture<Void>] = []
        for size in [1, 20_000, 5, 5, 100_000, 16_384, 163_605] {
            let piece = rest.readSlice(length: size) ?? ByteBuffer()
            futures.append(client.channel.write(piece))
        }
        client.channel.flush()
        for future in futures { try await future.get() }
        #expect(await client.recorder.received(300_000) == sent)
        await client.close()
        await listener.stop()
    }

    @Test(arguments: ["rsa.pem", "chained.pem", "reversed.pem", "server.pem"])
    func everyLayoutOfAKeyStoreServes(keyStore: String) async throws {
        let trust = keyStore == "rsa.pem" ? "rsa.crt" : "ca.pem"
        let listener = try await Listener.start(Contexts.server(keyStore))
        let client = try await listener.connect(Contexts.client(trust: trust))
        #expect(await client.recorder.handshake() != nil, "\(client.recorder.log.lines)")
        await client.close()
        await listener.stop()
    }

    @Test(arguments: ["server.p12", "legacy.p12", "encrypted.pem", "traditional.pem", "chained.p12"])
    func encryptedKeyStoresServe(name: String) async throws {
        let keyStore = try Contexts.store(name, password: "secret")
        let context = try TLSContext(server: TLSServerSettings(keyStore: keyStore))
        let trust = try Contexts.store("trust.p12", password: "secret")
        let listener = try await Listener.start(context)
        let client = try await listener.connect(TLSContext(client: TLSClientSettings(trustStore: trust)))
        #expect(await client.recorder.handshake() != nil, "\(client.recorder.log.lines)")
        await client.close()
        await listener.stop()
    }

    @Test func serverSeesTheNameAskedForButNoAddress() async throws {
        let listener = try await Listener.start(Contexts.server())
        for (name, seen) in [("a.example.test", "a.example.test"), ("localhost.", "localhost"), ("127.0.0.1", nil)] {
            let client = try await listener.connect(Contexts.client(), name: name)
            let server = try await listener.next()
            #expect(await server.recorder.handshake() != nil)
            #expect(server.recorder.log.handshake?.serverName == seen)
            await client.close()
        }
        await listener.stop()
    }

    @Test(arguments: ["localhost", "b.example.test", "127.0.0.1", "::1", "[::1]"])
    func goodHostsPass(name: String) async throws {
        let listener = try await Listener.start(Contexts.server())
        let client = try await listener.connect(Contexts.client(), name: name)
        #expect(await client.recorder.handshake() != nil, "\(client.recorder.log.lines)")
        await client.close()
        await listener.stop()
    }

    @Test func wrongHostPassesWhereNamesAreNotChecked() async throws {
        let listener = try await Listener.start(Contexts.server())
        let client = try await listener.connect(Contexts.client(verifyHostname: false), name: "wrong.test")
        #expect(await client.recorder.handshake() != nil)
        let nameless = try await listener.connect(Contexts.client(verifyHostname: false), name: nil)
        #expect(await nameless.recorder.handshake() != nil)
        await client.close()
        await nameless.close()
        await listener.stop()
    }

    @Test(arguments: ["expired.pem", "future.pem", "foreign.pem", "elsewhere.pem", "selfsigned.pem"])
    func trustAllTakesEverything(keyStore: String) async throws {
        let listener = try await Listener.start(Contexts.server(keyStore))
        let client = try await listener.connect(Contexts.client(trust: nil, trustAll: true))
        #expect(await client.recorder.handshake() != nil)
        await client.close()
        await listener.stop()
    }

    @Test(arguments: [TLSClientAuthentication.none, .want, .need], ["TLSv1.2", "TLSv1.3"])
    func clientCertificate(mode: TLSClientAuthentication, version: String) async throws {
        let limits = TLSLimits(includeProtocols: [version])
        let listener = try await Listener.start(Contexts.server(trust: "ca.pem", clients: mode, limits: limits))
        let client = try await listener.connect(Contexts.client(key: "client.pem"))
        let server = try await listener.next()
        let seen = await server.recorder.handshake()
        #expect(seen != nil, "\(server.recorder.log.lines)")
        #expect(seen?.peerSubject == (mode == .none ? nil : "CN=client,O=Tributary Test"))
        await client.close()
        await listener.stop()
    }

    @Test func wantLetsAnonymousClientsIn() async throws {
        let listener = try await Listener.start(Contexts.server(trust: "ca.pem", clients: .want))
        let client = try await listener.connect(Contexts.client())
        let server = try await listener.next()
        #expect(await server.recorder.handshake() != nil)
        #expect(server.recorder.log.handshake?.peerSubject == nil)
        await client.close()
        await listener.stop()
    }

    @Test func worksWithAutoReadOff() async throws {
        let listener = try await Listener.start(Contexts.server(), Options(echoes: true))
        let client = try await listener.connect(Contexts.client(), Options(autoRead: false))
        #expect(await client.recorder.handshake() != nil)
        let sent = pattern(400_000)
        try await client.send(sent)
        while client.recorder.log.received.readableBytes < sent.readableBytes {
            let before = client.recorder.log.reads
            client.channel.read()
            _ = await client.recorder.wait { $0.reads > before }
        }
        #expect(client.recorder.log.received == sent)
        await client.close()
        await listener.stop()
    }
}
