import AvroRPC
import Foundation
import Journal

/// Standard output, buffered by C's stdio, for much output: a write that fails is an error.
@safe
final class StandardOutput {
    let file: UnsafeMutablePointer<FILE>

    init() throws(JournalError) {
        let copy = dup(STDOUT_FILENO)
        guard copy >= 0, let file = unsafe fdopen(copy, "w") else { throw Self.failure() }
        unsafe self.file = unsafe file
    }

    func write(_ bytes: Data) throws(JournalError) {
        let count = unsafe bytes.withUnsafeBytes { unsafe fwrite($0.baseAddress, 1, $0.count, file) }
        guard count == bytes.count else { throw Self.failure() }
    }

    /// Writes what is left; nothing may be written any more. Throws, too, where an earlier write failed that nobody asked
    /// about.
    func close() throws(JournalError) {
        guard unsafe fflush(file) == 0, unsafe ferror(file) == 0, unsafe fclose(file) == 0 else { throw Self.failure() }
    }

    static func failure() -> JournalError {
        JournalError(.unusable, "cannot write to standard output: \(SystemReason.text(of: errno))")
    }
}
