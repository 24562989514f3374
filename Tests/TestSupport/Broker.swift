import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A Kafka broker for tests: noida-db on a free port of this machine, with its data in a directory of its own.
///
/// Its program is `.venv/bin/noida-db` in the package's root, or `bin/noida-db` of the environment that `TRIBUTARY_VENV`
/// names. It keeps all records in memory: at most 400,000 in one run.
// @unchecked: `process` changes under `lock` only.
package final class Broker: @unchecked Sendable {
    /// A cluster that the environment names, which tests cannot stop.
    package static let namedCluster: String? = {
        let value = ProcessInfo.processInfo.environment["KAFKA_BOOTSTRAP"] ?? ""
        return value.isEmpty ? nil : value
    }()

    /// Why no broker can be started here; `nil` where one can.
    package static let whyNone: String? =
        program == nil ? "no noida-db: neither .venv/bin/noida-db nor $TRIBUTARY_VENV/bin/noida-db" : nil

    /// Whether there is a broker to write to, named or ours.
    package static let isAvailable = namedCluster != nil || program != nil
    /// Whether there is a broker that may be stopped.
    package static let canStart = program != nil

    private static let program: String? = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let environment = ProcessInfo.processInfo.environment["TRIBUTARY_VENV"].map { [$0] } ?? []
        return ([root.appendingPathComponent(".venv").path] + environment)
            .map { $0 + "/bin/noida-db" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
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

    package let port: Int
    package var bootstrap: String { "127.0.0.1:\(port)" }
    private let directory: URL
    private let lock = NSLock()
    private var process: Process?

    private init(port: Int, directory: URL) {
        self.port = port
        self.directory = directory
    }

    deinit {
        try? stop()
        try? FileManager.default.removeItem(at: directory)
    }

    /// A new broker that answers.
    package static func start() throws -> Broker {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("broker-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let broker = Broker(port: try FreePort.any(), directory: directory)
        try broker.launch()
        return broker
    }

    /// Starts it again, on the same port and with the same records, after `stop`.
    package func restart() throws { try launch() }

    /// Ends it as an operator would (SIGTERM), so that it keeps its records.
    package func stop() throws {
        guard let process = lock.withLock({ self.process }) else { return }
        process.terminate()
        process.waitUntilExit()
        Children.remove(process.processIdentifier)
        lock.withLock { self.process = nil }
    }

    /// Freezes it: connections stay, nothing is answered.
    package func pause() { signal(SIGSTOP) }
    package func resume() { signal(SIGCONT) }

    private func signal(_ number: Int32) {
        if let process = lock.withLock({ self.process }) { kill(process.processIdentifier, number) }
    }

    private func launch() throws {
        guard let program = Self.program else { throw Failure(description: Self.whyNone ?? "") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [
            "start", "--data-dir", directory.path, "--host", "127.0.0.1", "--only", "kafka", "--kafka-port", "\(port)",
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        Children.add(process.processIdentifier)
        lock.withLock { self.process = process }
        let limit = Date() + 20
        while !FreePort.isOpen(port) {
            guard process.isRunning, Date() < limit else { throw Failure(description: "noida-db did not start") }
            usleep(20_000)
        }
    }
}

/// Programs that tests started, ended with the test process.
package enum Children {
    private static let running = Mutex<Set<Int32>>([])
    private static let atExit: Void = {
        atexit {
            for child in Children.running.withLock({ $0 }) {
                kill(child, SIGCONT)
                kill(child, SIGKILL)
            }
        }
    }()

    package static func add(_ child: Int32) {
        _ = atExit
        running.withLock { _ = $0.insert(child) }
    }

    package static func remove(_ child: Int32) {
        running.withLock { _ = $0.remove(child) }
    }
}

/// TCP ports of 127.0.0.1.
package enum FreePort {
    /// One that nobody listened on a moment ago.
    package static func any() throws -> Int {
        let channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).wait()
        defer { try? channel.close().wait() }
        guard let port = channel.localAddress?.port else { throw Broker.Failure(description: "no free port") }
        return port
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
