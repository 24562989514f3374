internal import AvroRPC
internal import Logging
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Where log lines go: standard error, or a file that falls back to it. Safe from any thread; each line is one write, so
/// that lines of two processes do not mix either.
package final class LogDestination: Sendable {
    private struct State {
        /// Nil while the file cannot be opened.
        var file: Int32?
        /// Bytes in the file, counted on.
        var size = 0
        /// The size at which to roll; moved on when rolling failed.
        var rollAt = 0
        /// Lines that could be written nowhere.
        var lost = 0
        /// The file was refused a line, and standard error has been told.
        var isFailing = false
    }

    private let settings: LogFileSettings?
    private let fallback: Int32
    private let linesFallBack: Bool
    private let now: @Sendable () -> CalendarTime
    private let state = Mutex(State())

    /// Standard error.
    package init(descriptor: Int32 = STDERR_FILENO) {
        settings = nil
        fallback = descriptor
        linesFallBack = true
        now = { .now() }
    }

    /// A file, made with its folder where they do not exist, and appended to.
    ///
    /// - Parameters:
    ///   - fallback: where lines go, with one that says why, while the file cannot be written.
    ///   - linesFallBack: false where another destination writes the same lines there.
    ///   - now: the time of the lines that this destination writes about itself.
    package init(
        file settings: LogFileSettings,
        fallback: Int32 = STDERR_FILENO,
        linesFallBack: Bool = true,
        now: @escaping @Sendable () -> CalendarTime = { .now() }
    ) {
        self.settings = settings
        self.fallback = fallback
        self.linesFallBack = linesFallBack
        self.now = now
        state.withLock { open(&$0) }
    }

    deinit {
        state.withLock { state in
            if let file = state.file { _ = close(file) }
        }
    }

    /// Writes one line, which ends in a line feed.
    package func write(_ line: [UInt8]) {
        state.withLock { state in
            if state.file != nil, state.size >= state.rollAt { roll(&state) }
            if state.lost > 0 {
                let count = [(key: "lines", value: String(state.lost))]
                if send(own(level: .warning, "log lines were lost", count), &state) { state.lost = 0 }
            }
            if !send(line, &state) { state.lost += 1 }
        }
    }

    /// Closes the file and opens its path anew: for one who moved the file away.
    package func reopen() {
        state.withLock { state in
            if let file = state.file { _ = close(file) }
            state.file = nil
            open(&state)
        }
    }

    // MARK: - Under the lock

    /// False when the line could be written nowhere.
    @discardableResult
    private func send(_ line: [UInt8], _ state: inout State) -> Bool {
        if let file = state.file {
            let error = Self.writeAll(line, to: file)
            if error == 0 {
                state.size += line.count
                state.isFailing = false
                return true
            }
            if !state.isFailing {
                state.isFailing = true
                tell("cannot write the log file; lines go to standard error", error)
            }
        }
        return linesFallBack ? Self.writeAll(line, to: fallback) == 0 : true
    }

    private func open(_ state: inout State) {
        guard let settings else { return }
        Self.makeFolder(of: settings.path)
        let file = LogSystemCalls.open(settings.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC)
        guard file >= 0 else {
            tell("cannot open the log file; lines go to standard error", errno)
            return
        }
        var status = stat()
        state.size = unsafe fstat(file, &status) == 0 ? Int(status.st_size) : 0
        state.rollAt = settings.rollSize
        state.isFailing = false
        state.file = file
    }

    /// `path` → `path.1` → … → `path.kept`, which is written over. Where the first step fails, the file grows on until
    /// the next multiple of the size.
    private func roll(_ state: inout State) {
        guard let settings, let file = state.file else { return }
        let path = settings.path
        for number in stride(from: settings.kept - 1, to: 0, by: -1) {
            unsafe rename("\(path).\(number)", "\(path).\(number + 1)")
        }
        let result = settings.kept > 0 ? unsafe rename(path, "\(path).1") : unsafe unlink(path)
        guard result == 0 else {
            let error = errno
            state.rollAt = state.size + settings.rollSize
            send(
                own(level: .warning, "cannot roll the log file", [("error", "\(SystemReason.text(of: error))")]),
                &state
            )
            return
        }
        _ = close(file)
        state.file = nil
        open(&state)
    }

    private func tell(_ message: String, _ error: Int32) {
        let line = own(
            level: .error,
            message,
            [("file", settings?.path ?? ""), ("error", "\(SystemReason.text(of: error))")]
        )
        _ = Self.writeAll(line, to: fallback)
    }

    private func own(level: Logger.Level, _ message: String, _ metadata: [(key: String, value: String)]) -> [UInt8] {
        LogLine.bytes(time: now(), level: level, label: "log", message: message, metadata: metadata)
    }

    // MARK: - System calls

    /// 0, or the error number that stopped it.
    private static func writeAll(_ line: [UInt8], to descriptor: Int32) -> Int32 {
        unsafe line.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = unsafe LogSystemCalls.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
                if count < 0 {
                    if errno == EINTR { continue }
                    return errno
                }
                written += count
            }
            return 0
        }
    }

    private static func makeFolder(of path: String) {
        for (index, character) in zip(path.indices, path) where character == "/" && index != path.startIndex {
            // One that exists, or cannot be made, shows when the file is opened.
            unsafe mkdir(String(path[..<index]), 0o755)
        }
    }
}
