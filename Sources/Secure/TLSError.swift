/// What went wrong with TLS, as one line for a reader: what, with whom or with which file, why, and what to do.
///
/// `code` tells the kinds apart for callers that branch; `message` is complete by itself and never holds a secret. Text
/// that came from a peer's certificate stands in it without control characters and bounded in length.
package struct TLSError: Error, Sendable, CustomStringConvertible {
    package let code: Code
    package let message: String
    /// Where the error was born, for a reader of the source.
    package let file: String
    package let line: Int

    package init(_ code: Code, _ message: String, file: String = #fileID, line: Int = #line) {
        self.code = code
        self.message = message
        self.file = file
        self.line = line
    }

    package var description: String { self.message }
}

extension TLSError {
    /// The kind of a `TLSError`. New kinds may be added; a switch over them needs a default.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private let name: String

        package var description: String { self.name }

        // Key and trust stores, and settings: known before any connection.

        /// The file cannot be opened or read; the message holds the path and errno's text.
        package static let unreadableFile = Code(name: "unreadableFile")
        /// The store or key is encrypted and the password given does not open it, or none is given.
        package static let wrongPassword = Code(name: "wrongPassword")
        /// The file is damaged, no store, of a kind not read here, lacks what it should hold, or key and certificate differ.
        package static let unusableStore = Code(name: "unusableStore")
        /// The settings leave no protocol version or cipher suite, or contradict each other.
        package static let unusableSettings = Code(name: "unusableSettings")

        // One connection.

        package static let certificateExpired = Code(name: "certificateExpired")
        package static let certificateNotYetValid = Code(name: "certificateNotYetValid")
        /// The chain ends at a CA (or a self-signed certificate) that the trust store does not hold.
        package static let unknownAuthority = Code(name: "unknownAuthority")
        package static let hostNameMismatch = Code(name: "hostNameMismatch")
        /// The peer's certificate fails for another reason (purpose, signature, weak key, …).
        package static let certificateRejected = Code(name: "certificateRejected")
        /// A client certificate is needed and the peer sent none.
        package static let certificateMissing = Code(name: "certificateMissing")
        package static let protocolVersion = Code(name: "protocolVersion")
        package static let cipherMismatch = Code(name: "cipherMismatch")
        /// The peer's first bytes are not TLS.
        package static let plainText = Code(name: "plainText")
        /// The peer ended the connection with a TLS alert.
        package static let peerAlert = Code(name: "peerAlert")
        package static let handshakeTimeout = Code(name: "handshakeTimeout")
        package static let closedInHandshake = Code(name: "closedInHandshake")
        /// Bytes that break the protocol: a bad record, a failed integrity check, a message out of order.
        package static let protocolViolation = Code(name: "protocolViolation")
    }

    /// Whether the same attempt may succeed later without a change of settings, stores or certificates.
    package var isRetriable: Bool {
        switch self.code {
        case .handshakeTimeout, .closedInHandshake, .protocolViolation, .certificateNotYetValid: true
        default: false
        }
    }
}
