internal import Events

/// Every way in which what comes from a peer, or fails to come, ends its connection or one of its calls. Each is counted
/// for itself.
///
/// The raw values are stable: they are parts of counters' names. New ones may be added.
package enum RPCBreach: String, CaseIterable, Hashable, Sendable {
    // The frame (Avro's NettyTransportCodec).

    /// A frame of no buffers or of a negative number of them: nobody sends one.
    case frameHead = "FrameHead"
    /// More buffers in a frame than the limit.
    case frameBuffers = "FrameBuffers"
    /// A buffer of negative length.
    case bufferLength = "BufferLength"
    /// More bytes in a frame than the limit.
    case frameBytes = "FrameBytes"

    // The message in it.

    /// A handshake request that cannot be read.
    case handshake = "Handshake"
    /// A call's meta or name that cannot be read.
    case callHead = "CallHead"
    /// A message that the protocol does not have.
    case unknownMessage = "UnknownMessage"
    /// Events that end before their end, or announce more than there is.
    case datumEnd = "DatumEnd"
    /// Events with a value that Avro does not have: a negative length, an integer of more than 64 bits, a wrong block.
    case datumValue = "DatumValue"
    /// A call that does not match its checksum.
    case checksum = "Checksum"

    // What is well formed and too much.

    case batchEvents = "BatchEvents"
    case eventHeaders = "EventHeaders"
    case headerBytes = "HeaderBytes"
    case bodyBytes = "BodyBytes"

    // The layers below.

    /// A TLS handshake or record that failed.
    case tls = "TLS"
    /// Bytes that are no TLS, on a port with TLS.
    case plainText = "PlainText"
    /// TLS or compression that is not set here.
    case layers = "Layers"
    /// A compressed stream that cannot be read.
    case deflate = "Deflate"
    /// More bytes out of the compressed ones than the limit.
    case inflatedBytes = "InflatedBytes"

    // Time.

    /// No handshake in time.
    case handshakeTime = "HandshakeTime"
    /// A frame that was begun and not finished in time.
    case frameTime = "FrameTime"
    /// Nothing said for too long.
    case idleTime = "IdleTime"
    /// Answers that the peer does not take.
    case queuedReplies = "QueuedReplies"

    // Who may connect.

    /// More connections than the limit.
    case connections = "Connections"
    /// More connections from one address than the limit.
    case addressConnections = "AddressConnections"
    /// An address that `ipFilterRules` denies.
    case address = "Address"

    /// Whether the connection goes on: the call alone is answered with an error, as Java answers it.
    package var leavesConnection: Bool {
        switch self {
        case .handshake, .callHead, .unknownMessage, .datumEnd, .datumValue: true
        default: false
        }
    }

    /// The counter's name, in Flume's style.
    package var counterName: String { "Rejected\(rawValue)Count" }

    /// What callers branch on.
    var code: RPCError.Code {
        switch self {
        case .frameHead, .bufferLength, .handshake, .callHead, .unknownMessage, .datumEnd, .datumValue, .deflate:
            .protocolViolation
        case .checksum: .checksumMismatch
        case .tls, .plainText: .tls
        case .layers: .layers
        case .handshakeTime, .frameTime, .idleTime: .timedOut
        case .frameBuffers, .frameBytes, .batchEvents, .eventHeaders, .headerBytes, .bodyBytes, .inflatedBytes,
            .queuedReplies, .connections, .addressConnections, .address:
            .limitExceeded
        }
    }

    /// The class of events that cannot be read.
    init(_ error: AvroError) {
        self =
            switch error.code {
            case .truncated, .lengthPastEnd, .countPastEnd: .datumEnd
            case .tooManyEvents, .batchTooLarge: .batchEvents
            case .tooManyHeaders: .eventHeaders
            case .headersTooLarge: .headerBytes
            case .bodyTooLarge: .bodyBytes
            default: .datumValue
            }
    }
}

/// One breach, with what an operator should know of it.
package struct RPCRejection: Error, Hashable, Sendable, CustomStringConvertible {
    package var breach: RPCBreach
    package var message: String

    package init(_ breach: RPCBreach, _ message: String) {
        self.breach = breach
        self.message = message
    }

    package var error: RPCError { RPCError(breach.code, message) }
    package var description: String { message }
}
