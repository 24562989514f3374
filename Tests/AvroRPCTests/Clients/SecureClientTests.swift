import Events
import NIOCore
import TestSupport
import Testing

@testable import AvroRPC

/// A client by Flume's properties over TLS and deflate: what the properties say is what happens on the wire.
@Suite(.timeLimit(.minutes(1))) struct SecureClientTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var tls: Bool
        var deflate: Bool
        var properties: [String: String]
        var testDescription: String {
            properties.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: " ")
        }

        static let all = [
            Row(tls: true, deflate: false, properties: ["ssl": "true"]),
            Row(tls: true, deflate: false, properties: ["ssl": "true", "ssl.verify-hostname": "true"]),
            Row(tls: true, deflate: false, properties: ["ssl": "true", "include-protocols": "TLSv1.2"]),
            Row(tls: false, deflate: true, properties: ["compression-type": "deflate"]),
            Row(tls: false, deflate: true, properties: ["compression-type": "DEFLATE", "compression-level": "9"]),
            Row(tls: true, deflate: true, properties: ["ssl": "true", "compression-type": "deflate"]),
            Row(
                tls: true,
                deflate: true,
                properties: ["ssl": "true", "compression-type": "deflate", "compression-order": "inside-tls"]
            ),
        ]
    }

    private static func trust(_ name: String) throws -> [String: String] {
        ["truststore": try Certificates.shared().path(name), "truststore-type": "PEM"]
    }

    @Test(arguments: Row.all) func eventsArrive(row: Row) async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(service, tls: row.tls, deflate: row.deflate)
        var properties = ClientRig.properties([server.port ?? 0]).merging(row.properties) { $1 }
        if row.tls { properties.merge(try Self.trust("ca.pem")) { $1 } }
        let client = try RPCClient(properties: properties)
        try await client.appendBatch(ClientRig.events(250))
        #expect(service.log.now.calls.map(\.batch.count) == [100, 100, 50])
        let bodies = service.log.now.calls.flatMap { $0.batch.events.map { String(buffer: $0.body) } }
        #expect(bodies == (0..<250).map { "\($0)" })
        await client.close()
        await server.stop(deadline: .now())
    }

    /// What is wrong stands in the error, with the peer's address; nothing arrives.
    @Test(arguments: [
        (["truststore": "other.pem"], "127.0.0.1"),
        (["truststore": "ca.pem", "include-cipher-suites": "TLS_RSA_WITH_AES_128_CBC_SHA256"], "127.0.0.1"),
        (["truststore": "nowhere.pem"], "nowhere.pem"),
        ([:], "127.0.0.1"),
    ])
    func refusals(properties: [String: String], part: String) async throws {
        let service = RecordingService()
        let server = try await RPCServer.live(service, tls: true)
        var all = ClientRig.properties([server.port ?? 0]).merging(properties) { $1 }
        all["ssl"] = "true"
        if let store = properties["truststore"] { all["truststore"] = try Certificates.shared().path(store) }
        let error = await failure { () throws(RPCError) in
            let client = try RPCClient(properties: all)
            try await client.append(Event(body: "x"))
        }
        #expect(error != nil)
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "no error")")
        #expect(service.log.now.calls.isEmpty)
        await server.stop(deadline: .now())
    }
}
