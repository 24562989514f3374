#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Where an operator reads what is wrong with an agent's files and machine.
enum StandardError {
    /// Writes a line; what the file does not take is lost.
    static func tell(_ line: String) {
        var bytes = Array(line.utf8)[...]
        bytes.append(0x0A)
        while !bytes.isEmpty {
            let written = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}
