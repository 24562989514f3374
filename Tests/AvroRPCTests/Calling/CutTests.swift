import Events
import NIOCore
import TestSupport
import Testing

@testable import AvroRPC

/// The connection is cut after every byte of one batch's exchange, in either direction: never a loss, and at most one
/// batch twice. The client does as a sink does: it connects again and sends again what was not answered.
@Suite(.timeLimit(.minutes(3))) struct CutTests {
    struct Layers: Sendable, CustomTestStringConvertible {
        var tls: Bool
        var compression: RPCCompression?
        /// Cut positions are this far apart.
        var step: Int
        var testDescription: String { "ssl \(tls), \(compression.map { "deflate \($0.order.rawValue)" } ?? "plain")" }
    }

    /// A server, a proxy before it and a client's way through.
    private struct Rig {
        let layers: Layers
        let service = RecordingService()
        let server: RPCServer
        let proxy: CuttingProxy
        let settings: RPCClientSettings

        init(_ layers: Layers) async throws {
            self.layers = layers
            server = try await RPCServer.live(service, tls: layers.tls, deflate: layers.compression != nil)
            proxy = try await CuttingProxy.start(to: server.port ?? 0)
            var settings = RPCClientSettings.hasty()
            settings.compression = layers.compression
            self.settings = settings
        }

        /// Sends until it is answered OK.
        func deliver(_ body: String) async throws {
            let tls = layers.tls ? try Contexts.client() : nil
            for _ in 0..<10 {
                guard let client = try? await TestClient.connect(proxy.port, tls: tls, settings: settings) else {
                    continue
                }
                guard try await client.sendIfThereIsRoom(1, .small(body)) else { continue }
                let isDelivered = await client.events(1).first == .settled(1, nil)
                try await client.close()
                if isDelivered { return }
            }
            Issue.record("\(body) was not delivered")
        }

        /// How often a batch came in.
        func copies(of body: String) -> Int {
            service.log.now.calls.count { $0.batch.event(at: 0).body.readableBytesView.elementsEqual(body.utf8) }
        }

        func stop() async {
            await proxy.stop()
            await server.stop(deadline: .now())
        }
    }

    /// Bytes of an exchange that nobody cuts, up to the batch's answer; those of the handshake alone in front of it.
    private static func lengths(_ rig: Rig) async throws -> (up: Int, down: Int, handshakeDown: Int) {
        let tls = rig.layers.tls ? try Contexts.client() : nil
        rig.proxy.arm(nil)
        let client = try await TestClient.connect(rig.proxy.port, tls: tls, settings: rig.settings)
        let handshake = rig.proxy.seen.down
        #expect(try await client.sendIfThereIsRoom(1, .small("up 0000")))
        #expect(await client.events(1) == [.settled(1, nil)])
        let seen = rig.proxy.seen
        try await client.close()
        return (seen.up, seen.down, handshake)
    }

    @Test(arguments: [
        Layers(tls: false, compression: nil, step: 1),
        Layers(tls: false, compression: RPCCompression(), step: 1),
        Layers(tls: true, compression: nil, step: 41),
        Layers(tls: true, compression: RPCCompression(order: .outsideTLS), step: 67),
        Layers(tls: true, compression: RPCCompression(order: .insideTLS), step: 67),
    ]) func everyByte(layers: Layers) async throws {
        let rig = try await Rig(layers)
        let (up, down, handshake) = try await Self.lengths(rig)
        #expect(up > 100 && down > handshake && handshake > 50)
        var cuts = 0
        for (direction, length) in [(CuttingProxy.Direction.up, up), (.down, down)] {
            for after in stride(from: 0, through: length, by: layers.step) {
                // Of one length, so that every exchange has the same bytes.
                let digits = "000\(after)".suffix(4)
                let body = direction == .up ? "up \(digits)" : "dn \(digits)"
                let before = rig.copies(of: body)
                rig.proxy.arm(CuttingProxy.Cut(direction, after: after))
                try await rig.deliver(body)
                let seen = rig.proxy.seen
                cuts += seen.cuts
                let copies = rig.copies(of: body) - before
                #expect((1...2).contains(copies), "\(direction) \(after): \(copies)")
                guard layers.step == 1 else { continue }
                #expect(seen.cuts == 1, "\(direction) \(after)")
                // The last bytes of a sync flush carry nothing: without them a message is there already.
                let isThere = length - (layers.compression == nil ? 0 : 5)
                if (isThere..<length).contains(after) { continue }
                // The server had the whole call, and its answer did not come: only then is it sent twice.
                let isRepeated = direction == .up ? after == length : after > handshake && after < length
                #expect(copies == (isRepeated ? 2 : 1), "\(direction) after \(after) of \(length)")
                #expect(seen.connections == (direction == .down && after == length ? 1 : 2))
            }
        }
        if layers.step == 1 { #expect(cuts == up + down + 2) }
        #expect(cuts > 10)
        let log = await rig.service.log.wait { $0.connections == 0 }
        #expect(log.connections == 0)
        #expect(log.failures.filter { $0.code != .connectionClosed && $0.code != .tls } == [])
        await rig.stop()
    }
}
