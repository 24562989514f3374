import NIOCore
import Secure
import TestSupport
import Testing

/// Each bad peer gives exactly one error, whose line says what and why.
@Suite struct RefusalTests {
    /// The one error of an end that refused; records an issue when there is not exactly one.
    private func refusal(_ end: End, _ code: TLSError.Code, _ text: String) async {
        let log = await end.recorder.closed()
        #expect(log.handshake == nil)
        #expect(log.errors.count == 1, "\(log.lines)")
        guard let error = log.tlsErrors.first else { return }
        #expect(error.code == code)
        #expect(error.message.contains(text), "\(error.message)")
        #expect(error.message.contains("TLS handshake with 127.0.0.1:"), "\(error.message)")
        #expect(!error.message.contains("\n"))
    }

    @Test(
        arguments: [
            (
                "expired.pem", "localhost", TLSError.Code.certificateExpired,
                "has expired (CN=expired,O=Tributary Test, notAfter 2021-01-02 03:04:05Z)"
            ),
            (
                "future.pem", "localhost", .certificateNotYetValid,
                "not yet valid (CN=future,O=Tributary Test, notBefore 2098-01-02 03:04:05Z)"
            ),
            (
                "foreign.pem", "localhost", .unknownAuthority,
                "from a CA that the trust store does not hold (CN=foreign,O=Tributary Test, issuer CN=other"
            ),
            ("selfsigned.pem", "localhost", .unknownAuthority, "is self-signed and not in the trust store (CN=rsa)"),
            ("bare.pem", "localhost", .unknownAuthority, "issuer CN=middle"),
            (
                "elsewhere.pem", "localhost", .hostNameMismatch,
                "is not for localhost: it names DNS:other.test, IP Address:192.0.2.7"
            ),
            ("server.pem", "wrong.test", .hostNameMismatch, "is not for wrong.test: it names DNS:localhost"),
            ("server.pem", "10.1.2.3", .hostNameMismatch, "is not for 10.1.2.3: it names DNS:localhost"),
        ]
    )
    func badServers(keyStore: String, name: String, code: TLSError.Code, text: String) async throws {
        let listener = try await Listener.start(Contexts.server(keyStore))
        let client = try await listener.connect(Contexts.client(), name: name)
        await self.refusal(client, code, text)
        let server = try await listener.next()
        let log = await server.recorder.closed()
        // In TLSv1.3 a server is done only with the client's Finished, so it sees the alert within the handshake.
        #expect(log.tlsErrors.map(\.code) == [.peerAlert], "\(log.lines)")
        await listener.stop()
    }

    @Test(
        arguments: [
            ("foreign.pem", TLSError.Code.unknownAuthority, "issuer CN=other"),
            ("expired.pem", .certificateExpired, "has expired (CN=expired"),
        ]
    )
    func badClients(key: String, code: TLSError.Code, text: String) async throws {
        let listener = try await Listener.start(Contexts.server(trust: "ca.pem", clients: .want))
        let client = try await listener.connect(Contexts.client(key: key))
        await self.refusal(try await listener.next(), code, text)
        let log = await client.recorder.closed()
        #expect(log.tlsErrors.map(\.code) == [.peerAlert], "\(log.lines)")
        #expect(log.lines.first?.hasPrefix("TLS connection with 127.0.0.1:") == true)
        await listener.stop()
    }

    @Test(arguments: ["TLSv1.2", "TLSv1.3"])
    func missingClientCertificate(version: String) async throws {
        let limits = TLSLimits(includeProtocols: [version])
        let listener = try await Listener.start(Contexts.server(trust: "ca.pem", clients: .need, limits: limits))
        let client = try await listener.connect(Contexts.client())
        await self.refusal(try await listener.next(), .certificateMissing, "the peer showed no client certificate")
        let log = await client.recorder.closed()
        #expect(log.tlsErrors.map(\.code) == [.peerAlert])
        let expected = version == "TLSv1.3" ? "the peer needs a client certificate" : "certificate that the peer needs"
        #expect(log.lines.first?.contains(expected) == true, "\(log.lines)")
        await listener.stop()
    }

    @Test func oldClient() async throws {
        let listener = try await Listener.start(Contexts.server())
        // The old client fails, as it should.
        #expect(throws: CertificateMaker.Failure.self) {
            try CertificateMaker(folder: Certificates.shared().folder).run([
                "s_client", "-connect", "127.0.0.1:\(listener.port)", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0",
            ])
        }
        let text = "the peer offers at most TLSv1.1, spoken here is TLSv1.2 and TLSv1.3"
        await self.refusal(try await listener.next(), .protocolVersion, text)
        await listener.stop()
    }

    @Test func noVersionInCommon() async throws {
        let old = TLSLimits(includeProtocols: ["TLSv1.2"])
        let new = TLSLimits(includeProtocols: ["TLSv1.3"])
        let listener = try await Listener.start(Contexts.server(limits: old))
        let client = try await listener.connect(Contexts.client(limits: new))
        let text = "no TLS version in common with the peer, spoken here is TLSv1.2"
        await self.refusal(try await listener.next(), .protocolVersion, text)
        await self.refusal(client, .peerAlert, "the peer speaks none of this client's TLS versions")
        await listener.stop()
    }

    @Test func noCipherInCommon() async throws {
        let version = ["TLSv1.3"]
        let ours = TLSLimits(includeProtocols: version, includeCipherSuites: ["TLS_AES_128_GCM_SHA256"])
        let theirs = TLSLimits(includeProtocols: version, includeCipherSuites: ["TLS_CHACHA20_POLY1305_SHA256"])
        let listener = try await Listener.start(Contexts.server(limits: ours))
        let client = try await listener.connect(Contexts.client(limits: theirs))
        await self.refusal(try await listener.next(), .cipherMismatch, "no cipher suite in common with the peer")
        await self.refusal(client, .peerAlert, "handshake failure")
        await listener.stop()
    }

    @Test(
        arguments: [
            ([0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 48], "an Avro RPC frame (00 00 00 01 00 00 00 01)"),
            (Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), "HTTP (47 45 54 20 2f 20 48 54)"),
            (Array("POST /events HTTP/1.1\r\n\r\n".utf8), "HTTP ("),
            (Array("<13>Oct 11 22:14:15 host app: text\n".utf8), "syslog ("),
            ([0x78, 0x9C, 1, 2, 3, 4, 5, 6, 7], "deflate ("),
            (Array("hello, is anyone there?\n".utf8), "no TLS record (68 65 6c 6c"),
        ] as [([UInt8], String)]
    )
    func plainTextToATLSPort(bytes: [UInt8], text: String) async throws {
        let listener = try await Listener.start(Contexts.server())
        let client = try await listener.connect(nil)
        try await client.send(ByteBuffer(bytes: bytes))
        await self.refusal(
            try await listener.next(),
            .plainText,
            "the peer speaks plain text on this TLS port: its first bytes are \(text)"
        )
        await client.close()
        await listener.stop()
    }

    @Test func tlsToAPlainPortThatAnswers() async throws {
        let listener = try await Listener.start(nil)
        let client = try await listener.connect(Contexts.client())
        let server = try await listener.next()
        try await server.send(ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\n\r\n"))
        await self.refusal(client, .plainText, "the peer does not speak TLS on this port: its answer is HTTP (48 54 54")
        await server.close()
        await listener.stop()
    }

    @Test func tlsToAPlainPortThatCloses() async throws {
        let listener = try await Listener.start(nil)
        let client = try await listener.connect(Contexts.client())
        let server = try await listener.next()
        _ = await server.recorder.received(1)
        await server.close()
        await self.refusal(client, .closedInHandshake, "without a byte of answer; does its port speak TLS?")
        await listener.stop()
    }

    @Test func closedInMidHandshake() async throws {
        let listener = try await Listener.start(Contexts.server())
        let client = try await listener.connect(nil)
        // The front of a handshake record, and then the end.
        try await client.send(ByteBuffer(bytes: [0x16, 0x03, 0x01, 0x02, 0x00, 0x01]))
        await client.close()
        await self.refusal(
            try await listener.next(),
            .closedInHandshake,
            "the peer closed the connection in mid-handshake"
        )
        await listener.stop()
    }

    @Test func handshakeTimesOut() async throws {
        let listener = try await Listener.start(Contexts.server(), Options(timeout: .milliseconds(50)))
        let client = try await listener.connect(nil)
        let server = try await listener.next()
        await self.refusal(server, .handshakeTimeout, "not complete after 50 ms; the peer sent nothing")
        await client.close()
        await listener.stop()
    }

    @Test func queuedWritesFailWithTheReason() async throws {
        let listener = try await Listener.start(Contexts.server("expired.pem"))
        let client = try await listener.connect(Contexts.client())
        let error = await #expect(throws: (any Error).self) { try await client.send(ByteBuffer(string: "x")) }
        // Refused before or after the handshake's end: never a success.
        if let error = error as? TLSError { #expect(error.code == .certificateExpired) }
        _ = await client.recorder.closed()
        await listener.stop()
    }

    @Test func aCheckedNameMustBeKnown() async throws {
        let listener = try await Listener.start(Contexts.server())
        let client = try await listener.connect(Contexts.client(), name: nil)
        let log = await client.recorder.closed()
        #expect(log.tlsErrors.map(\.code) == [.hostNameMismatch])
        #expect(log.lines.first?.hasSuffix("the peer's host name is to be checked, but no name is known") == true)
        await listener.stop()
    }
}
