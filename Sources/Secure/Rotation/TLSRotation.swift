import COpenSSL
package import NIOCore
package import NIOPosix
import Synchronization

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// The TLS context of a component, read anew while it runs when a store changes on disk.
///
/// Connections that begin get `current`; those that are open keep theirs. Stores that are torn, expired or do not fit
/// together are refused, and the last good context stays. Files are read by a thread pool, never by an event loop. It
/// ends when nobody holds it any more.
package final class TLSRotation: TLSContextSource, Sendable {
    /// How often stores that are never reloaded are looked at for certificates that end.
    static let expiryInterval = TimeAmount.hours(1)
    /// How long changed files must look the same before they are read; the interval where that is shorter.
    static let settlingTime = TimeAmount.seconds(1)

    private let settings: TLSSettings
    private let paths: [String]
    private let interval: TimeAmount
    private let now: @Sendable () -> Int64
    private let report: @Sendable (TLSRotationReport) -> Void
    private let context: Mutex<TLSContext>
    private let machine: Mutex<RotationMachine>

    package var current: TLSContext { self.context.withLock { $0 } }

    /// The certificates in use, the leaf first, then its chain; empty where none is shown.
    package var certificates: [CertificateFacts] { self.machine.withLock { $0.certificates } }

    /// When the certificate in use that ends first ends, in seconds since 1970; nil where none is shown.
    package var firstEnd: Int64? { self.certificates.map(\.notAfter).min() }

    /// Whole days until then, negative afterwards.
    package var daysLeft: Int? { self.firstEnd.map { RotationMachine.days($0 - self.now()) } }

    /// Reads the stores; expired ones are taken at first, as Flume does.
    ///
    /// - Parameters:
    ///   - interval: between looks at the files; zero: never read again.
    ///   - now: seconds since 1970.
    ///   - report: called from a thread of the pool, and from here.
    package init(
        _ settings: TLSSettings,
        interval: TimeAmount,
        now: @escaping @Sendable () -> Int64 = TLSRotation.wallClock,
        report: @escaping @Sendable (TLSRotationReport) -> Void
    ) throws(TLSError) {
        self.settings = settings
        self.paths = Self.paths(settings)
        self.interval = interval
        self.now = now
        self.report = report
        let look = Self.look(self.paths)
        let context = try settings.makeContext()
        self.context = Mutex(context)
        self.machine = Mutex(RotationMachine(look, certificates: context.certificates))
        self.warn()
    }

    /// Begins to look at the files, on `interval`.
    package func start(on eventLoop: any EventLoop, threads: NIOThreadPool = .singleton) {
        self.schedule(self.interval > .zero ? self.interval : Self.expiryInterval, eventLoop, threads)
    }

    private func schedule(_ delay: TimeAmount, _ eventLoop: any EventLoop, _ threads: NIOThreadPool) {
        eventLoop.scheduleTask(in: delay) { [weak self] in
            guard let self else { return }
            threads.runIfActive(eventLoop: eventLoop) { [weak self] in self?.look() }
                .whenSuccess { [weak self] delay in
                    if let delay { self?.schedule(delay, eventLoop, threads) }
                }
        }
    }

    /// Looks at the files once, and reads them where they have changed and settled. Blocks. Not to be called by two
    /// threads at once.
    ///
    /// - Returns: how long to wait before the next look.
    package func look() -> TimeAmount {
        defer { self.warn() }
        guard self.interval > .zero else { return Self.expiryInterval }
        let before = Self.look(self.paths)
        let soon = min(self.interval, Self.settlingTime)
        switch self.machine.withLock({ $0.looked(before) }) {
        case .wait: return self.interval
        case .lookSoon: return soon
        case .read: return self.read(before) ? self.interval : soon
        }
    }

    /// False where the files changed while they were read.
    private func read(_ before: RotationMachine.Look) -> Bool {
        let made: TLSContext?
        let outcome: RotationMachine.Outcome
        do throws(TLSError) {
            let context = try self.settings.makeContext()
            (made, outcome) = (context, .good(context.certificates))
        } catch {
            (made, outcome) = (nil, .bad(error))
        }
        let after = Self.look(self.paths)
        let now = self.now()
        let finished = self.machine.withLock { $0.finished(outcome, before: before, after: after, now: now) }
        guard let finished else { return false }
        if finished.isTaken, let made { self.context.withLock { $0 = made } }
        if let report = finished.report { self.report(report) }
        return true
    }

    private func warn() {
        let now = self.now()
        if let warning = self.machine.withLock({ $0.warning(now: now) }) { self.report(warning) }
    }

    private static func look(_ paths: [String]) -> RotationMachine.Look {
        paths.map { FileIdentity(path: $0) }
    }

    /// The stores; where peers are checked against the system's CAs, their bundle.
    private static func paths(_ settings: TLSSettings) -> [String] {
        var paths = [settings.keyStore?.path, settings.trustStore?.path].compactMap { $0 }
        if settings.checksPeers, settings.trustStore == nil { paths.append(Self.systemBundle) }
        return paths
    }

    /// Where OpenSSL finds the system's CAs: its environment variable, else where it was built to look.
    private static var systemBundle: String {
        let named =
            unsafe getenv(X509_get_default_cert_file_env())
            ?? UnsafeMutablePointer(
                mutating: X509_get_default_cert_file()
            )
        return unsafe named.map { unsafe String(cString: $0) } ?? ""
    }

    /// The machine's clock, in seconds since 1970.
    package static let wallClock: @Sendable () -> Int64 = { Int64(time(nil)) }
}
