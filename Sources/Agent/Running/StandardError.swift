#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

#if canImport(Glibc)
private let systemWrite = unsafe Glibc.write
#else
private let systemWrite = unsafe Darwin.write
#endif

/// Where an operator reads what is wrong with an agent's files and machine.
enum StandardError {
    /// Writes a line; what the file does not take is lost.
    static func tell(_ line: String) { write(line + "\n") }

    /// Writes some text as it is.
    static func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = unsafe bytes.withUnsafeBytes { unsafe systemWrite(STDERR_FILENO, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}
