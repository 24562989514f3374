internal import AvroRPC
internal import CPlatform

#if canImport(Glibc)
internal import Glibc
#endif

/// A program started with posix_spawn, in a process group of its own, until it is reaped.
///
/// As long as it is not reaped its number belongs to nobody else, so signals reach it or nothing. Used from one event loop;
/// only `waitUntilExited` is for another thread.
struct ChildProcess: Sendable {
    /// Why a program could not be started.
    struct SpawnError: Error, CustomStringConvertible {
        var code: Int32
        var description: String { SystemReason.text(of: code) }
    }

    /// How a program ended.
    enum Exit: Hashable, Sendable, CustomStringConvertible {
        case status(Int32)
        case signal(Int32)

        var description: String {
            switch self {
            case .status(let status): "status \(status)"
            case .signal(let signal): "signal \(signal)"
            }
        }
    }

    let pid: pid_t
    /// The reading end of its standard output; whoever takes it closes it.
    let output: CInt
    /// The reading end of its standard error, where that is wanted.
    let errors: CInt?
    /// Our end of its standard input: it stays open and silent, as under Java, because many programs end with their input.
    private let input: CInt

    /// Starts a program, found along PATH; default signals, no descriptors but the three, the group of its own number.
    static func spawn(_ arguments: [String], readsErrors: Bool) throws(SpawnError) -> ChildProcess {
        var pipes: [(read: CInt, write: CInt)] = []
        func closeAll() { for pipe in pipes { _ = (close(pipe.read), close(pipe.write)) } }
        for _ in 0..<(readsErrors ? 3 : 2) {
            var ends: [CInt] = [-1, -1]
            guard unsafe tributary_pipe(&ends) == 0 else {
                let code = errno
                closeAll()
                throw SpawnError(code: code)
            }
            pipes.append((ends[0], ends[1]))
        }
        var pid: pid_t = 0
        let errors = pipes.dropFirst(2).first
        let code = start(arguments, input: pipes[0].read, output: pipes[1].write, errors: errors?.write, &pid)
        guard code == 0 else {
            closeAll()
            throw SpawnError(code: code)
        }
        close(pipes[0].read)
        for pipe in pipes.dropFirst() { close(pipe.write) }
        return ChildProcess(pid: pid, output: pipes[1].read, errors: errors?.read, input: pipes[0].write)
    }

    private static func start(
        _ arguments: [String],
        input: CInt,
        output: CInt,
        errors: CInt?,
        _ pid: inout pid_t
    ) -> CInt {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        if let errors {
            unsafe posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
        } else {
            unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        }
        unsafe tributary_spawn_close_from(&actions, STDERR_FILENO + 1)

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        unsafe posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
        )

        var words = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe words.indices { unsafe free(words[index]) } }
        guard let program = unsafe words[0] else { return ENOENT }
        return unsafe posix_spawnp(&pid, program, &actions, &attributes, &words, environ)
    }

    /// Closes a descriptor of ours that nobody took.
    static func discard(_ descriptor: CInt) { close(descriptor) }

    /// Blocks until the program has ended; it stays to be reaped.
    func waitUntilExited() {
        var info = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) == -1, errno == EINTR {}
    }

    /// Sends a signal to the program, or to its whole group. Only before `reap`.
    func send(_ signal: Int32, toGroup: Bool) {
        kill(toGroup ? -pid : pid, signal)
    }

    /// Takes the end of a program that has ended, and closes its input.
    func reap() -> Exit {
        var status: CInt = 0
        while unsafe waitpid(pid, &status, 0) == -1, errno == EINTR {}
        close(input)
        let signal = status & 0x7F
        return signal == 0 ? .status((status >> 8) & 0xFF) : .signal(signal)
    }
}
