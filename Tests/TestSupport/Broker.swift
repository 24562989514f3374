import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A Kafka broker for tests: noida-db on a free port of this machine, with its data in a directory of its own.
///
/// It comes with the Python environment `.venv` in the package's root, or the one that `TRIBUTARY_VENV` names. It keeps all records in memory: at most 400,000 in one run.
///
/// Where `KAFKA_BOOTSTRAP` names a cluster, that is what tests use; it is taken away and brought back by `KAFKA_CTL`
/// where that is set, which concerns every test: they must then run one at a time, as scripts/test has it.
// @unchecked: `process` and `isAway` change under `lock` only.
package final class Broker: @unchecked Sendable {
    /// A cluster that the environment names.
    package static let namedCluster = Environment.text("KAFKA_BOOTSTRAP")
    /// A program that stops, kills and starts its nodes.
    package static let control = Environment.text("KAFKA_CTL")

    /// Why no broker can be started here; `nil` where one can.
    package static let whyNone: String? =
        program == nil ? "no noida-db in .venv or $TRIBUTARY_VENV" : nil

    /// Why nothing can be shown that takes a replicated cluster; `nil` where it can.
    package static let whyNoNodes: String? =
        namedCluster == nil || control == nil
        ? "needs a named cluster (KAFKA_BOOTSTRAP) whose nodes KAFKA_CTL kills and starts" : nil

    /// Whether there is a broker to write to, named or ours.
    package static let isAvailable = namedCluster != nil || program != nil
    /// Whether there is a broker that may be stopped.
    package static let canStart = isControlled || program != nil
    /// Whether there is one that may be frozen.
    package static let canStartOwn = program != nil
    /// Whether what `start` gives is the named cluster.
    private static let isControlled = whyNoNodes == nil

    /// noida-db itself.
    package static let program: String? = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let environment = ProcessInfo.processInfo.environment["TRIBUTARY_VENV"].map { [$0] } ?? []
        // The program itself: `bin/noida-db` is a script that would not hand signals on.
        return ([root.appendingPathComponent(".venv").path] + environment).lazy
            .flatMap { venv in
                let versions = (try? FileManager.default.contentsOfDirectory(atPath: venv + "/lib")) ?? []
                return versions.map { venv + "/lib/\($0)/site-packages/noida_db/noida-db" }
            }
            .first { FileManager.default.fileExists(atPath: $0) }
    }()

    /// The broker that tests share which leave it running.
    package static let shared = Result { () throws -> String in
        if let namedCluster { return namedCluster }
        let broker = try Broker.start()
        kept.withLock { $0.append(broker) }
        return broker.bootstrap
    }

    private static let kept = Mutex<[Broker]>([])

    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        package init(description: String) {
            self.description = description
        }
    }

    package let bootstrap: String
    /// Where it listens, and where its data are; `nil` for the named cluster.
    private let own: (port: Int, directory: URL)?
    private let lock = NSLock()
    private var process: ChildProcess?
    /// Of the named cluster: whether a test has stopped it.
    private var isAway = false

    private init(_ bootstrap: String, own: (port: Int, directory: URL)?) {
        self.bootstrap = bootstrap
        self.own = own
    }

    deinit { end() }

    /// A new broker that answers; the named cluster where tests may stop it.
    package static func start() throws -> Broker {
        if let namedCluster, isControlled { return Broker(namedCluster, own: nil) }
        return try startOwn()
    }

    /// A new noida-db, for what `KAFKA_CTL` cannot do.
    package static func startOwn() throws -> Broker {
        let port = try FreePort.any()
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("broker-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let broker = Broker("127.0.0.1:\(port)", own: (port, directory))
        try broker.launch()
        return broker
    }

    /// Starts it again, on the same port and with the same records, after `stop`.
    package func restart() throws {
        guard own == nil else { return try launch() }
        try Self.control("start")
        lock.withLock { isAway = false }
    }

    /// Ends it with SIGTERM, so that it keeps what it acknowledged.
    ///
    /// noida-db (0.2.3, its src/persistence.rs) then copies its records, writes the copy and exits, and goes on answering
    /// Produce requests all the while: what comes behind the copy is acknowledged and gone. So it is taken off the network
    /// first. Clients see what they see of any broker that ends: connections break, with requests unanswered, and nobody
    /// listens.
    package func stop() throws {
        guard own != nil else {
            lock.withLock { isAway = true }
            return try Self.control("stop")
        }
        guard let process = takeProcess() else { return }
        try process.takeOffNetwork()
        // Killed while it writes, it would have lost the last second.
        let status = process.terminate(within: 60)
        guard status == 0 else { throw Failure(description: "noida-db did not save its records: status \(status)") }
    }

    /// Ends it for good, with its records; the named cluster is left running.
    package func end() {
        if let own {
            takeProcess()?.terminate()
            try? FileManager.default.removeItem(at: own.directory)
        } else if lock.withLock({ isAway }) {
            do { try restart() } catch { print("\(error)") }
        }
    }

    private func takeProcess() -> ChildProcess? {
        lock.withLock {
            defer { process = nil }
            return process
        }
    }

    /// Freezes it: connections stay, nothing is answered. Returns when every thread of it stands still: the signal alone
    /// leaves it time for one answer more. Of `startOwn` only.
    package func pause() {
        signal(SIGSTOP)
        guard let pid = lock.withLock({ process?.id }) else { return }
        let tasks = "/proc/\(pid)/task"
        for _ in 0..<5_000 {
            let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
            let isStill = threads.allSatisfy { thread in
                // `tid (name) state …`; the name may hold anything.
                let text = (try? String(contentsOfFile: "\(tasks)/\(thread)/stat", encoding: .utf8)) ?? ""
                return text.split(separator: ")").last?.dropFirst().first == "T"
            }
            if isStill { return }
            usleep(1_000)
        }
    }
    package func resume() { signal(SIGCONT) }

    /// Calls `$KAFKA_CTL ACTION [NODE]`: `stop`, `kill9` or `start`; returns when that has ended.
    package static func control(_ action: String, node: Int? = nil) throws {
        guard let control else { throw Failure(description: whyNoNodes ?? "") }
        let log = FileManager.default.temporaryDirectory.appendingPathComponent("ctl-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: log) }
        let process = try ChildProcess(
            "/bin/sh",
            ["-c", "exec \"$@\"", "sh", control, action] + (node.map { ["\($0)"] } ?? []),
            log: log
        )
        while process.isRunning { usleep(20_000) }
        guard process.waitStatus == 0 else {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            throw Failure(description: "\(control) \(action) failed: \(text)")
        }
    }

    private func signal(_ number: Int32) {
        lock.withLock { process }?.signal(number)
    }

    private func launch() throws {
        guard let own, let program = Self.program else { throw Failure(description: Self.whyNone ?? "") }
        // The package is installed without the right to run it; its script gives that at the first run.
        chmod(program, 0o755)
        let process = try ChildProcess(
            program,
            [
                "start", "--data-dir", own.directory.path, "--host", "127.0.0.1", "--only", "kafka", "--kafka-port",
                "\(own.port)",
            ]
        )
        lock.withLock { self.process = process }
        let limit = Date() + 20
        while !FreePort.isOpen(own.port) {
            guard process.isRunning, Date() < limit else { throw Failure(description: "noida-db did not start") }
            usleep(20_000)
        }
    }
}

/// TCP ports of 127.0.0.1.
package enum FreePort {
    /// Below the range that Linux gives to outgoing connections (32768 and up), so that none of these takes one that was
    /// handed out here and is not listened on yet.
    private static let range = 20_000..<32_000
    private static let next = Mutex(Int.random(in: range))

    /// One that nobody listened on a moment ago, and that this process gives to nobody else.
    package static func any() throws -> Int {
        for _ in range {
            let port = next.withLock { next in
                defer { next = next + 1 == range.upperBound ? range.lowerBound : next + 1 }
                return next
            }
            let bound = try? ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: "127.0.0.1", port: port).wait()
            guard let bound else { continue }
            try? bound.close().wait()
            return port
        }
        throw Broker.Failure(description: "no free port")
    }

    package static func isOpen(_ port: Int) -> Bool {
        let channel = try? ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.milliseconds(500))
            .connect(host: "127.0.0.1", port: port).wait()
        guard let channel else { return false }
        try? channel.close().wait()
        return true
    }
}
