/// Why a call or a connection came to nothing: what, where, why.
public struct RPCError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of trouble; new kinds may be added.
    public struct Code: Hashable, Sendable {
        private let name: String
        init(_ name: String) { self.name = name }

        /// No connection could be made.
        public static let cannotConnect = Code("cannotConnect")
        /// The connection ended, by either side.
        public static let connectionClosed = Code("connectionClosed")
        /// No answer in time.
        public static let timedOut = Code("timedOut")
        /// The peer answered FAILED or UNKNOWN.
        public static let refused = Code("refused")
        /// The peer answered with an error.
        public static let remoteError = Code("remoteError")
        /// The bytes are not Flume's Avro RPC.
        public static let protocolViolation = Code("protocolViolation")
        /// A limit of ours was passed.
        public static let limitExceeded = Code("limitExceeded")
        /// The checksum of a call does not match its bytes.
        public static let checksumMismatch = Code("checksumMismatch")
        /// The peer's TLS or compression is not what is set here.
        public static let layers = Code("layers")
        /// The TLS handshake or a TLS record failed.
        public static let tls = Code("tls")
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
