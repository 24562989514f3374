import CTestSupport
import Foundation
import Synchronization

/// A program that a test started; killed when the test process ends, whatever happened to the test.
///
/// Not Foundation's `Process`: that hands on the signal mask of the thread that starts it, and the threads of Swift's pool
/// block SIGTERM.
package final class ChildProcess: Sendable {
    package let id: Int32
    private let exit = Mutex<Int32?>(nil)

    /// What a program finds around it.
    package struct Surroundings: Sendable {
        /// Its working directory; the test's own where nil.
        package var directory: String?
        /// Set on top of the test's own environment.
        package var environment: [String: String] = [:]
        /// Files by path. Without one: nothing to read, output to nowhere, errors where the output goes.
        package var input: String?
        package var output: String?
        package var errors: String?

        package init() {}
    }

    /// Starts `program`; its output goes nowhere, or to the file `log`.
    package convenience init(_ program: String, _ arguments: [String], log: String? = nil) throws {
        var surroundings = Surroundings()
        surroundings.output = log
        try self.init(program, arguments, surroundings)
    }

    package init(_ program: String, _ arguments: [String], _ surroundings: Surroundings) throws {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        let writing = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&files, 0, surroundings.input ?? "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&files, 1, surroundings.output ?? "/dev/null", writing, 0o600)
        if let errors = surroundings.errors {
            posix_spawn_file_actions_addopen(&files, 2, errors, writing, 0o600)
        } else {
            posix_spawn_file_actions_adddup2(&files, 1, 2)
        }
        // NIO's sockets are not close-on-exec: a child would keep a port that a test has freed.
        test_spawn_close_from(&files, 3)
        if let directory = surroundings.directory { test_spawn_chdir(&files, directory) }
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        let environment = ProcessInfo.processInfo.environment.merging(surroundings.environment) { $1 }
        var settings = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for setting in settings { free(setting) } }
        var child: pid_t = 0
        let error = posix_spawn(&child, program, &files, &attributes, &words, &settings)
        guard error == 0 else { throw Failure(description: "\(program): \(String(cString: strerror(error)))") }
        id = child
        Self.add(child)
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package var isRunning: Bool { status(WNOHANG) == nil }

    /// How it ended, as waitpid(2) has it; nil while it runs.
    package var waitStatus: Int32? { status(WNOHANG) }

    package func signal(_ number: Int32) {
        if isRunning { kill(id, number) }
    }

    /// Sends SIGTERM and waits for the end; after `seconds` SIGKILL. Its exit status as waitpid(2) has it.
    @discardableResult
    package func terminate(within seconds: Double = 10) -> Int32 {
        signal(SIGCONT)
        signal(SIGTERM)
        let limit = Date() + seconds
        while isRunning {
            if Date() > limit { kill(id, SIGKILL) }
            usleep(5_000)
        }
        return exit.withLock { $0 } ?? 0
    }

    /// Takes it off the network: no socket that it has, or accepts meanwhile, carries anything any more, and nobody can
    /// connect. What it has written goes out; what it writes from now on goes nowhere.
    package func takeOffNetwork() throws {
        let folder = "/proc/\(id)/fd"
        var done: Set<String> = []
        // Once more after the last new one: what was accepted a moment before the listening socket was shut may show late.
        var rounds = 0
        while rounds < 2, isRunning {
            rounds += 1
            for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
                guard let descriptor = Int32(name),
                    let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)"),
                    target.hasPrefix("socket:"), done.insert(target).inserted
                else { continue }
                rounds = 0
                let error = test_shut_down_socket_of(id, descriptor)
                // Closed meanwhile, or never connected.
                guard [0, EBADF, ENOTCONN, ENOTSOCK].contains(error) else {
                    let why = String(cString: strerror(error))
                    throw Failure(
                        description: "pidfd_getfd(2) of process \(id): \(why); in a container it takes SYS_PTRACE"
                    )
                }
            }
        }
    }

    private func status(_ options: Int32) -> Int32? {
        exit.withLock { exit in
            if let exit { return exit }
            var status: Int32 = 0
            guard waitpid(id, &status, options) == id else { return nil }
            Self.remove(id)
            exit = status
            return status
        }
    }

    private static let running = Mutex<Set<Int32>>([])
    private static let atExit: Void = {
        atexit {
            for child in ChildProcess.running.withLock({ $0 }) { kill(child, SIGKILL) }
        }
    }()

    static func add(_ child: Int32) {
        _ = atExit
        running.withLock { _ = $0.insert(child) }
    }

    static func remove(_ child: Int32) {
        running.withLock { _ = $0.remove(child) }
    }
}
