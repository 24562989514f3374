import AvroRPC
import Events
import Foundation
import NIOCore
import NIOPosix
import Secure
import TestSupport
import Testing

/// Certificates change under a server that is used: nothing is lost, bad files change nothing.
@Suite struct RotationUnderLoadTests {
    /// 100 with TRIBUTARY_LONG=1.
    private static let rounds = Tools.runsLong ? 100 : 12

    private struct Reports: Sendable {
        var loaded: [String] = []
        var refused: [String] = []
    }

    /// A client that connects, sends and closes over and over.
    private final class Load: Sendable {
        struct Tally: Sendable {
            var sent: UInt64 = 0
            var acknowledged: Set<UInt64> = []
            var troubles: [String] = []
            var connections = 0
            var isStopping = false
        }

        let tally = Watched(Tally())

        func run(_ port: Int?, _ context: TLSContext) async {
            while !tally.now.isStopping {
                do {
                    let client = try await TestClient.connect(port, host: "localhost", tls: context)
                    for _ in 0..<5 {
                        tally.change { $0.sent += 1 }
                        let number = tally.now.sent
                        try await client.send(number, .small("\(number)"))
                    }
                    for event in await client.events(5) {
                        tally.change { tally in
                            if case .settled(let number, nil) = event {
                                tally.acknowledged.insert(number)
                            } else {
                                tally.troubles.append("\(event)")
                            }
                        }
                    }
                    tally.change { $0.connections += 1 }
                    try await client.close()
                } catch {
                    tally.change { $0.troubles.append("\(error)") }
                }
            }
        }
    }

    private struct Setting {
        let maker: CertificateMaker
        let certificates: [String]
        let serials: [String]

        var keys: String { maker.path("keys.pem") }

        init() throws {
            let folder = NSTemporaryDirectory() + "/rotation-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            maker = CertificateMaker(folder: folder)
            let authority = try maker.makeAuthority("ca")
            let names = (0..<4).map { "leaf\($0)" }
            var serials: [String] = []
            for name in names {
                let request = CertificateMaker.Request(subject: "/O=Test/CN=\(name)", names: "DNS:localhost")
                try maker.makeLeaf(name, request, by: authority)
                let store = StoreReference(path: maker.path("\(name).pem"))
                serials += try TLSContext(server: TLSServerSettings(keyStore: store)).certificates.map(\.serial)
            }
            var expired = CertificateMaker.Request(subject: "/O=Test/CN=expired", names: "DNS:localhost")
            expired.notAfter = "20210102030405Z"
            try maker.makeLeaf("expired", expired, by: authority)
            try maker.join(["leaf0.crt", "leaf1.key"], to: "mismatched.pem")
            let whole = try Data(contentsOf: URL(fileURLWithPath: maker.path("leaf1.pem")))
            try maker.write([UInt8](whole.prefix(whole.count - 60)), to: "torn.pem")
            try maker.write([], to: "nothing.pem")
            certificates = names
            self.serials = serials
            try put("leaf0")
        }

        /// In place, or by a rename as careful tools do it.
        func put(_ name: String, byRename: Bool = false) throws {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: maker.path("\(name).pem")))
            try bytes.write(to: URL(fileURLWithPath: keys), options: byRename ? .atomic : [])
        }
    }

    /// The serial number that a connection made now is shown.
    private func shownSerial(_ port: Int?, _ context: TLSContext) async throws -> String? {
        let seen = Watched<TLSHandshakeCompleted?>(nil)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        TLSHandler(context: context, role: .client(serverName: "localhost")),
                        HandshakeWatcher(seen)
                    )
                }
            }
            .connect(host: "127.0.0.1", port: port ?? 0).get()
        let handshake = await seen.wait { $0 != nil }
        try? await channel.close()
        return handshake?.peerSerial
    }

    @Test func nothingIsLostAndBadFilesChangeNothing() async throws {
        let setting = try Setting()
        defer { try? FileManager.default.removeItem(atPath: setting.maker.folder) }
        let reports = Watched(Reports())
        let rotation = try TLSRotation(
            .server(TLSServerSettings(keyStore: StoreReference(path: setting.keys))),
            interval: .milliseconds(20)
        ) { report in
            reports.change { reports in
                switch report {
                case .loaded(let certificate): reports.loaded.append(certificate?.serial ?? "none")
                case .refused(let error): reports.refused.append(error.message)
                case .expires: break
                }
            }
        }
        rotation.start(on: MultiThreadedEventLoopGroup.singleton.next())
        let service = RecordingService()
        let server = RPCServer(
            service: service,
            layers: ServerLayers(tls: rotation),
            limits: RPCLimits(),
            group: MultiThreadedEventLoopGroup.singleton
        )
        try await server.start(host: "127.0.0.1", port: 0)
        let trust = StoreReference(path: setting.maker.path("ca.pem"))
        let context = try TLSContext(client: TLSClientSettings(trustStore: trust))
        let lasting = try await TestClient.connect(server.port, host: "localhost", tls: context)
        let load = Load()
        async let running: Void = load.run(server.port, context)

        var shown = setting.serials[0]
        var good = 0
        var bad = 0
        let badNames = ["torn", "mismatched", "expired", "nothing"]
        for round in 1...Self.rounds {
            if round % 3 == 0 {
                try setting.put(badNames[bad % badNames.count], byRename: round % 2 == 0)
                bad += 1
                let refused = bad
                await reports.wait { $0.refused.count >= refused }
            } else {
                let next = (setting.serials.firstIndex(of: shown) ?? 0) + 1
                shown = setting.serials[next % setting.serials.count]
                try setting.put(setting.certificates[next % setting.serials.count], byRename: round % 2 == 0)
                good += 1
                let loaded = good
                await reports.wait { $0.loaded.count >= loaded }
            }
            #expect(try await shownSerial(server.port, context) == shown, "round \(round)")
        }
        load.tally.change { $0.isStopping = true }
        await running

        #expect(reports.now.loaded.count == good)
        #expect(reports.now.refused.count == bad, "\(reports.now.refused)")
        let tally = load.tally.now
        #expect(tally.troubles == [])
        #expect(tally.connections > Self.rounds / 2)
        #expect(tally.acknowledged.count == tally.connections * 5)
        // The connection of the beginning lives on.
        try await lasting.send(1_000_000, .small("1000000"))
        #expect(await lasting.events(1) == [.settled(1_000_000, nil)])
        let received = service.log.now.calls.map {
            String(decoding: $0.batch.event(at: 0).body.readableBytesView, as: UTF8.self)
        }
        #expect(received.count == tally.acknowledged.count + 1)
        #expect(Set(received) == Set((tally.acknowledged.map { "\($0)" }) + ["1000000"]))
        #expect(service.log.now.failures.isEmpty)
        try await lasting.close()
        await server.stop(deadline: .now() + .seconds(5))
    }
}

/// Notes the handshake.
private final class HandshakeWatcher: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let seen: Watched<TLSHandshakeCompleted?>
    init(_ seen: Watched<TLSHandshakeCompleted?>) { self.seen = seen }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSHandshakeCompleted { seen.change { $0 = event } }
    }
}
