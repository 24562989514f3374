import Foundation
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Secure

/// Real files that change under a rotation.
@Suite struct TLSRotationTests {
    private final class Reports: Sendable {
        private let all = Mutex<[TLSRotationReport]>([])
        func add(_ report: TLSRotationReport) { self.all.withLock { $0.append(report) } }
        var loaded: [String?] {
            self.all.withLock {
                $0.compactMap { if case .loaded(let facts) = $0 { .some(facts?.subject) } else { nil } }
            }
        }
        var refused: [TLSError] {
            self.all.withLock { $0.compactMap { if case .refused(let error) = $0 { error } else { nil } } }
        }
        var expiring: [Int] {
            self.all.withLock { $0.compactMap { if case .expires(_, let days) = $0 { days } else { nil } } }
        }
    }

    /// A folder of its own with a key store `keys.pem` and a trust store `trust.pem`.
    private struct Folder: ~Copyable {
        let path: String

        init() throws {
            self.path = NSTemporaryDirectory() + "/rotation-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
            try self.put("server.pem", as: "keys.pem")
            try self.put("ca.pem", as: "trust.pem")
        }

        deinit { try? FileManager.default.removeItem(atPath: self.path) }

        func file(_ name: String) -> String { "\(self.path)/\(name)" }

        /// Writes in place, as an editor or a copy does.
        func put(_ source: String, as name: String) throws {
            try Data(contentsOf: URL(fileURLWithPath: Certificates.shared().path(source)))
                .write(to: URL(fileURLWithPath: self.file(name)))
        }

        var server: TLSSettings {
            .server(
                TLSServerSettings(
                    keyStore: StoreReference(path: self.file("keys.pem")),
                    trustStore: StoreReference(path: self.file("trust.pem")),
                    clientAuthentication: .want
                )
            )
        }
    }

    private static let now: @Sendable () -> Int64 = { 1_800_000_000 }

    private func subject(_ rotation: TLSRotation) -> String? { rotation.current.certificates.first?.subject }

    @Test func aChangedPairIsTaken() throws {
        let folder = try Folder()
        let reports = Reports()
        let rotation = try TLSRotation(folder.server, interval: .seconds(10), now: Self.now) { reports.add($0) }
        let before = rotation.current
        #expect(rotation.look() == .seconds(10))
        #expect(rotation.current === before)
        try folder.put("client.pem", as: "keys.pem")
        // Seen, left to settle, read.
        #expect(rotation.look() == .seconds(1))
        #expect(rotation.current === before)
        #expect(rotation.look() == .seconds(10))
        #expect(self.subject(rotation) == "CN=client,O=Tributary Test")
        #expect(before.certificates.first?.subject == "CN=server,O=Tributary Test")
        #expect(reports.loaded == ["CN=client,O=Tributary Test"])
        #expect(reports.refused.isEmpty)
    }

    @Test func aChangedTrustStoreIsTaken() async throws {
        let folder = try Folder()
        let reports = Reports()
        let rotation = try TLSRotation(folder.server, interval: .seconds(10), now: Self.now) { reports.add($0) }
        try folder.put("other.pem", as: "trust.pem")
        _ = (rotation.look(), rotation.look())
        #expect(reports.loaded == ["CN=server,O=Tributary Test"])
        // A client of the CA that is no longer trusted is refused, one of the new CA gets in.
        let listener = try await Listener.start(rotation.current)
        let old = try await listener.connect(Contexts.client(key: "client.pem"))
        #expect(await old.recorder.closed().tlsErrors.isEmpty == false)
        _ = try await listener.next()
        let new = try await listener.connect(Contexts.client(key: "foreign.pem"))
        let accepted = try await listener.next()
        #expect(await accepted.recorder.handshake()?.peerSubject == "CN=foreign,O=Tributary Test")
        await new.close()
        await listener.stop()
    }

    @Test(
        arguments: [
            ("damaged.pem", TLSError.Code.unusableStore), ("mismatch.pem", .unusableStore),
            ("encrypted.pem", .wrongPassword), ("server.key", .unusableStore), ("ca.pem", .unusableStore),
            ("empty", .unusableStore), ("expired.pem", .certificateExpired), ("future.pem", .certificateNotYetValid),
        ] as [(String, TLSError.Code)]
    )
    func badStoresKeepTheLastGood(name: String, code: TLSError.Code) throws {
        let folder = try Folder()
        let reports = Reports()
        let rotation = try TLSRotation(folder.server, interval: .seconds(10), now: Self.now) { reports.add($0) }
        let before = rotation.current
        try folder.put(name, as: "keys.pem")
        for _ in 0..<5 { _ = rotation.look() }
        #expect(rotation.current === before)
        #expect(reports.refused.map(\.code) == [code])
        #expect(reports.loaded.isEmpty)
        try folder.put("client.pem", as: "keys.pem")
        _ = (rotation.look(), rotation.look())
        #expect(self.subject(rotation) == "CN=client,O=Tributary Test")
        #expect(reports.refused.count == 1)
    }

    @Test func aStoreThatIsAwayForAWhileIsTakenWhenItIsBack() throws {
        let folder = try Folder()
        let reports = Reports()
        let rotation = try TLSRotation(folder.server, interval: .seconds(10), now: Self.now) { reports.add($0) }
        try FileManager.default.removeItem(atPath: folder.file("keys.pem"))
        for _ in 0..<4 { _ = rotation.look() }
        #expect(reports.refused.map(\.code) == [.unreadableFile])
        #expect(self.subject(rotation) == "CN=server,O=Tributary Test")
        try folder.put("client.pem", as: "keys.pem")
        _ = (rotation.look(), rotation.look())
        #expect(self.subject(rotation) == "CN=client,O=Tributary Test")
    }

    /// Kubernetes swaps a link to a folder.
    @Test func aLinkThatIsTurnedIsAChange() throws {
        let folder = try Folder()
        let files = FileManager.default
        for name in ["server", "client"] {
            try files.createDirectory(atPath: folder.file(name), withIntermediateDirectories: false)
            try folder.put("\(name).pem", as: "\(name)/tls.pem")
        }
        try files.createSymbolicLink(atPath: folder.file("data"), withDestinationPath: "server")
        let settings = TLSServerSettings(keyStore: StoreReference(path: folder.file("data/tls.pem")))
        let rotation = try TLSRotation(.server(settings), interval: .seconds(10), now: Self.now) { _ in }
        try files.createSymbolicLink(atPath: folder.file("next"), withDestinationPath: "client")
        #expect(rename(folder.file("next"), folder.file("data")) == 0)
        _ = (rotation.look(), rotation.look())
        #expect(self.subject(rotation) == "CN=client,O=Tributary Test")
    }

    @Test func neverMeansNeverButWarns() throws {
        let folder = try Folder()
        let reports = Reports()
        let end = Mutex<Int64>(4_102_444_799 - 40 * 86_400)
        let clock: @Sendable () -> Int64 = { end.withLock { $0 } }
        let rotation = try TLSRotation(folder.server, interval: .zero, now: clock) { reports.add($0) }
        try folder.put("client.pem", as: "keys.pem")
        for _ in 0..<3 { #expect(rotation.look() == .hours(1)) }
        #expect(self.subject(rotation) == "CN=server,O=Tributary Test")
        #expect(reports.expiring == [])
        #expect(rotation.daysLeft == 40)
        end.withLock { $0 += 20 * 86_400 }
        _ = (rotation.look(), rotation.look())
        #expect(reports.expiring == [20])
        #expect(rotation.firstEnd == 4_102_444_799)
    }

    /// Flume starts with whatever the store holds; it is said at once.
    @Test func anExpiredCertificateStartsAndWarns() throws {
        let reports = Reports()
        let settings = TLSServerSettings(keyStore: try Contexts.store("expired.pem"))
        let rotation = try TLSRotation(.server(settings), interval: .seconds(10), now: Self.now) { reports.add($0) }
        #expect(reports.expiring.count == 1)
        #expect(rotation.daysLeft.map { $0 < -1_000 } == true)
    }

    @Test func aClientWithoutACertificateHasNothingToExpire() throws {
        let folder = try Folder()
        let settings = TLSClientSettings(trustStore: StoreReference(path: folder.file("trust.pem")))
        let reports = Reports()
        let rotation = try TLSRotation(.client(settings), interval: .seconds(10), now: Self.now) { reports.add($0) }
        #expect(rotation.firstEnd == nil)
        try folder.put("other.pem", as: "trust.pem")
        _ = (rotation.look(), rotation.look())
        #expect(reports.loaded == [nil])
    }

    @Test func itRunsOnALoopAndEndsWithItsOwner() async throws {
        let folder = try Folder()
        let reports = Reports()
        weak var gone: TLSRotation?
        do {
            let rotation = try TLSRotation(folder.server, interval: .milliseconds(20), now: Self.now) {
                reports.add($0)
            }
            gone = rotation
            rotation.start(on: MultiThreadedEventLoopGroup.singleton.next())
            try folder.put("client.pem", as: "keys.pem")
            #expect(await eventually { reports.loaded == ["CN=client,O=Tributary Test"] })
            #expect(self.subject(rotation) == "CN=client,O=Tributary Test")
        }
        #expect(await eventually { gone == nil })
    }
}
