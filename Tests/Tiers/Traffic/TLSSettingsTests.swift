import Foundation
import TestSupport
import Testing

extension AllTiers.Traffic {
    /// TLS settings that stand outside a component, and stores that change while an agent runs, as `openssl s_client`
    /// sees them.
    @Suite(.timeLimit(.minutes(2))) struct TLSSettingsTests {
        /// An agent whose Avro source has `ssl = true`, and what else its file, command line and environment say.
        private struct Target {
            let space: Workspace
            let agent: AgentProcess
            let port: Int

            init(
                _ space: Workspace,
                keys: [String] = [],
                options: [String] = [],
                environment: [String: String] = [:]
            ) async throws {
                self.space = space
                port = try FreePort.any()
                let file = SmallAgent.text(
                    port: port,
                    [4: "a1.sources.r1.type = avro"],
                    more: (["ssl = true"] + keys).map { "a1.sources.r1.\($0)" }
                )
                agent = try space.agent("a1", file, options: options, environment: environment)
                try await agent.ready()
            }

            /// The subject that the server shows; `nil` where there is no connection.
            func subject(_ words: [String] = []) async throws -> String? {
                let empty = try space.write("empty", "")
                let client = try space.start(
                    "openssl",
                    "/usr/bin/env",
                    ["openssl", "s_client", "-connect", "127.0.0.1:\(port)"] + words,
                    input: empty
                )
                guard try await client.end(within: 20) == .exited(0) else { return nil }
                return client.output.split(separator: "\n").first { $0.hasPrefix("subject=") }.map(String.init)
            }
        }

        private static let server = "subject=O = Tributary Test, CN = server"

        @Test func javasProperties() async throws {
            let store = try Certificates.shared().path("server.p12")
            try await Workspace.use { space in
                let target = try await Target(
                    space,
                    options: [
                        "-Djavax.net.ssl.keyStore=\(store)",
                        "-Djavax.net.ssl.keyStorePassword=\(Certificates.password)",
                        "-Djavax.net.ssl.keyStoreType=pkcs12", "-Dflume.ssl.include.protocols=TLSv1.2",
                    ]
                )
                #expect(try await target.subject(["-tls1_2"]) == Self.server)
                #expect(try await target.subject(["-tls1_3"]) == nil)
            }
        }

        @Test func flumesVariables() async throws {
            let store = try Certificates.shared().path("server.p12")
            let variables = [
                "FLUME_SSL_KEYSTORE_PATH": store, "FLUME_SSL_KEYSTORE_PASSWORD": Certificates.password,
                "FLUME_SSL_KEYSTORE_TYPE": "PKCS12", "FLUME_SSL_EXCLUDE_PROTOCOLS": "SSLv3,TLSv1.3",
            ]
            try await Workspace.use { space in
                let target = try await Target(space, environment: variables)
                #expect(try await target.subject(["-tls1_2"]) == Self.server)
                #expect(try await target.subject(["-tls1_3"]) == nil)
            }
        }

        /// The component's own key comes before the property, the property before the variable.
        @Test func theNearestCounts() async throws {
            let certificates = try Certificates.shared()
            let variables = ["FLUME_SSL_KEYSTORE_PATH": certificates.path("nowhere"), "FLUME_SSL_KEYSTORE_TYPE": "JKS"]
            let property = [
                "-Djavax.net.ssl.keyStore=\(certificates.path("rsa.pem"))", "-Djavax.net.ssl.keyStoreType=PEM",
            ]
            try await Workspace.use { space in
                let target = try await Target(space, options: property, environment: variables)
                #expect(try await target.subject() == "subject=CN = rsa")
                #expect(try await target.agent.program.terminate() == .exited(0))
                let keys = ["keystore = \(certificates.path("server.pem"))", "exclude-protocols = TLSv1.2"]
                let own = try await Target(space, keys: keys, options: property, environment: variables)
                #expect(try await own.subject() == Self.server)
                #expect(try await own.subject(["-tls1_2"]) == nil)
            }
        }

        @Test func namesThatNobodyKnows() async throws {
            let store = try Certificates.shared().path("server.pem")
            try await Workspace.use { space in
                let target = try await Target(
                    space,
                    keys: ["keystore = \(store)", "include-protocols = TLSv1.4 TLSv1.2"],
                    options: ["-Dflume.ssl.exclude.cipherSuites=TLS_AES_128_GCM_SHA265"]
                )
                let notes = target.agent.program.errorLines("passed over")
                #expect(notes.count == 2)
                #expect(
                    notes.contains { $0.contains("a1.properties:13") && $0.contains("`TLSv1.4` is no TLS version") }
                )
                let suite = "`-Dflume.ssl.exclude.cipherSuites`: `TLS_AES_128_GCM_SHA265` is no cipher suite"
                #expect(notes.contains { $0.contains(suite) && $0.contains("did you mean `TLS_AES_128_GCM_SHA256`?") })
                #expect(try await target.subject(["-tls1_3"]) == nil)
            }
        }

        /// A torn file changes nothing; a sound one serves the next connection.
        @Test func storesThatChange() async throws {
            let certificates = try Certificates.shared()
            func text(_ name: String) throws -> String {
                try String(contentsOfFile: certificates.path(name), encoding: .utf8)
            }
            try await Workspace.use { space in
                let store = try space.write("store.pem", try text("server.pem"))
                let target = try await Target(
                    space,
                    keys: ["keystore = \(store)", "keystore-type = PEM", "ssl.reload-interval = 1"]
                )
                func counter(_ name: String) async throws -> Int { try await target.agent.number("SOURCE.r1", name) }
                #expect(try await target.subject() == Self.server)
                let days = try await counter("CertificateDaysLeft")
                #expect(days > 30)
                try space.write("store.pem", String(try text("server.pem").prefix(300)))
                try await Waiting.until("the torn store is refused", within: 20) {
                    try await counter("TLSReloadFailedCount") >= 1
                }
                #expect(try await target.subject() == Self.server)
                #expect(try await counter("TLSReloadCount") == 0)
                #expect(!target.agent.program.errorLines("the last good ones stay").isEmpty)
                try space.write("store.pem", try text("rsa.pem"))
                try await Waiting.until("the new store is read", within: 20) {
                    try await counter("TLSReloadCount") == 1
                }
                #expect(try await target.subject() == "subject=CN = rsa")
                #expect(try await target.agent.program.terminate() == .exited(0))
            }
        }
    }
}
