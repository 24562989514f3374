import COpenSSL

/// What OpenSSL's error queue of this thread held, oldest first. The queue is per thread, so it must be read at the
/// place of the failing call, and cleared before the call.
struct LibraryErrors: Sendable {
    struct Entry: Hashable, Sendable {
        /// `ERR_LIB_*` of err.h.
        let library: Int32
        /// `SSL_R_*`, `PKCS12_R_*`, … of the library's own header.
        let reason: Int32
        let text: String
    }

    private(set) var entries: [Entry] = []

    /// Takes all entries off the queue.
    static func take() -> LibraryErrors {
        var errors = LibraryErrors()
        while true {
            let code = ERR_get_error()
            guard code != 0 else { return errors }
            let text = unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) }
            let library = COpenSSL_error_library(code)
            let reason = COpenSSL_error_reason(code)
            errors.entries.append(Entry(library: library, reason: reason, text: text ?? "error \(reason)"))
        }
    }

    func contains(library: Int32, reason: Int32) -> Bool {
        self.entries.contains { $0.library == library && $0.reason == reason }
    }

    /// Whether an algorithm is missing, whatever library reports it: the reason is a common one.
    var areUnsupported: Bool { self.entries.contains { $0.reason == ERR_R_UNSUPPORTED } }

    /// libssl's own reasons, the ones a handshake's diagnosis rests on.
    var sslReasons: [Int32] { self.entries.filter { $0.library == ERR_LIB_SSL }.map(\.reason) }

    /// The innermost cause in OpenSSL's words.
    var summary: String { self.entries.first?.text ?? "OpenSSL gives no reason" }
}
