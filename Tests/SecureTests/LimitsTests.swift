import NIOCore
import Secure
import Testing

@Suite struct LimitsTests {
    /// What two ends agree on, as version and suite; nil when they do not.
    private func agreed(_ limits: TLSLimits) async throws -> [String]? {
        let listener = try await Listener.start(Contexts.server(limits: limits))
        let client = try await listener.connect(Contexts.client())
        let handshake = await client.recorder.handshake()
        await client.close()
        await listener.stop()
        return handshake.map { [$0.protocolName, $0.cipher] }
    }

    @Test(
        arguments: [
            (TLSLimits(), "TLSv1.3", "TLS_AES_256_GCM_SHA384"),
            (TLSLimits(excludeProtocols: ["SSLv3"]), "TLSv1.3", "TLS_AES_256_GCM_SHA384"),
            (
                TLSLimits(includeProtocols: ["SSLv2Hello", "TLSv1", "TLSv1.1", "TLSv1.2"]), "TLSv1.2",
                "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
            ),
            (TLSLimits(excludeProtocols: ["TLSv1.3"]), "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
            (
                TLSLimits(includeCipherSuites: ["TLS_AES_128_GCM_SHA256", "SSL_RSA_WITH_RC4_128_MD5"]), "TLSv1.3",
                "TLS_AES_128_GCM_SHA256"
            ),
            (
                TLSLimits(includeCipherSuites: ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]), "TLSv1.2",
                "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
            ),
            (
                TLSLimits(excludeCipherSuites: ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]), "TLSv1.3",
                "TLS_AES_128_GCM_SHA256"
            ),
            (
                TLSLimits(
                    includeCipherSuites: ["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],
                    excludeCipherSuites: ["TLS_AES_128_GCM_SHA256"]
                ),
                "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
            ),
        ]
    )
    func filter(limits: TLSLimits, version: String, suite: String) async throws {
        #expect(try await self.agreed(limits) == [version, suite])
    }

    @Test(
        arguments: [
            (TLSLimits(includeProtocols: ["TLSv1.1"]), "no TLS version is left"),
            (TLSLimits(excludeProtocols: ["TLSv1.2", "TLSv1.3"]), "no TLS version is left"),
            (TLSLimits(includeCipherSuites: ["TLS_NO_SUCH"]), "include-cipher-suites is \"TLS_NO_SUCH\""),
            (
                TLSLimits(includeProtocols: ["TLSv1.2"], includeCipherSuites: ["TLS_AES_128_GCM_SHA256"]),
                "the cipher suites left belong to a TLS version"
            ),
        ]
    )
    func nothingLeft(limits: TLSLimits, text: String) throws {
        let error = #expect(throws: TLSError.self) { try Contexts.client(limits: limits) }
        #expect(error?.code == .unusableSettings)
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
    }
}
