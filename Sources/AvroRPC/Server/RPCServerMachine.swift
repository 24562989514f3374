internal import Events
internal import NIOCore

/// One connection to a server, as Avro's `Responder` has it: handshake first, then calls; replies carry the call's serial.
///
/// No I/O and no clock. It tells apart whose fault trouble is: bad data in a call is answered with an error and the
/// connection lives; what makes the stream itself doubtful ends it.
struct RPCServerMachine {
    /// What to do about a frame.
    enum Action {
        /// Send this; the frame needs nothing more.
        case reply(ByteBuffer)
        /// Serve this, then send `answer(_:to:)`.
        case serve(RPCCall, token: CallToken)
        /// Send this error; then close where the breach is of that kind.
        case reject(RPCRejection, reply: ByteBuffer)
        /// The stream cannot be trusted any more: close it, answering nothing.
        case close(RPCRejection)
    }

    /// A call's serial, and the handshake that its reply still has to carry.
    struct CallToken {
        let serial: Int32
        fileprivate let handshake: ByteBuffer?
    }

    private let description: PeerDescription
    private let remembered: ProtocolMemory
    private let isEncrypted: Bool
    private let limits: EventLimits
    /// A handshake on this connection ended with BOTH or CLIENT.
    private var isEstablished = false
    /// The peer named itself as one of ours.
    private(set) var isNamed = false

    /// - Parameter isEncrypted: TLS guards the bytes, so that no checksum is asked for.
    init(
        description: PeerDescription,
        remembered: ProtocolMemory,
        isEncrypted: Bool,
        limits: EventLimits = EventLimits()
    ) {
        self.description = description
        self.remembered = remembered
        self.isEncrypted = isEncrypted
        self.limits = limits
    }

    mutating func receive(_ frame: Frame) -> Action {
        do throws(AvroError) {
            return try read(frame)
        } catch {
            return reject(frame.serial, nil, RPCRejection(.handshake, "handshake: \(error)"))
        }
    }

    private mutating func read(_ frame: Frame) throws(AvroError) -> Action {
        var handshake: ByteBuffer?
        var head = HeadReader(frame)
        if !isEstablished {
            let request = try head.read { reader throws(AvroError) in try HandshakeRequest.read(&reader) }
            let response = answer(request)
            var bytes = ByteBuffer()
            response.write(to: &bytes)
            guard response.match != .none else { return .reply(reply(frame.serial, bytes)) }
            isEstablished = true
            isNamed = request.meta?[PeerNaming.Key.name] != nil
            handshake = bytes
        }
        do throws(AvroError) {
            let meta = try head.read { reader throws(AvroError) in try reader.map() }
            let rest = head.position
            let name = try head.read { reader throws(AvroError) in try reader.string() }
            if name.isEmpty { return .reply(reply(frame.serial, handshake ?? ByteBuffer())) }
            return call(name, meta, head, checkedFrom: rest, CallToken(serial: frame.serial, handshake: handshake))
        } catch {
            return reject(frame.serial, handshake, RPCRejection(.callHead, "call \(frame.serial): \(error)"))
        }
    }

    private func call(
        _ name: String,
        _ meta: [String: [UInt8]],
        _ head: HeadReader,
        checkedFrom rest: Int,
        _ token: CallToken
    ) -> Action {
        let message: RPCCall.Message
        switch name {
        case "append": message = .append
        case "appendBatch": message = .appendBatch
        default:
            let text = "No such remote message: \(name.prefix(200))"
            return reject(token.serial, token.handshake, RPCRejection(.unknownMessage, text))
        }
        if let expected = PeerNaming.word(meta[PeerNaming.Key.checksum]), !isEncrypted {
            guard head.checksum(from: rest) == expected else {
                let text = "call \(token.serial) does not match its CRC32C: bytes changed on the way"
                return .close(RPCRejection(.checksum, text))
            }
        }
        let payload = head.payload
        let batch: EventBatch
        do throws(AvroError) {
            batch =
                message == .append
                ? try EventBatch.decode(single: payload, limits: limits).batch
                : try EventBatch.decode(array: payload, limits: limits).batch
        } catch {
            let text = "call \(token.serial): \(error)\(limit(passedBy: error.code))"
            return reject(token.serial, token.handshake, RPCRejection(RPCBreach(error), text))
        }
        let left = PeerNaming.word(meta[PeerNaming.Key.left]).map { TimeAmount.milliseconds(Int64($0)) }
        return .serve(
            RPCCall(message: message, batch: batch, timeLeft: isNamed ? left : nil, isFromNamedPeer: isNamed),
            token: token
        )
    }

    private func limit(passedBy code: AvroError.Code) -> String {
        switch code {
        case .tooManyEvents: ", \(limits.events) events"
        case .tooManyHeaders: ", \(limits.headers) headers"
        case .headersTooLarge: ", \(limits.headerBytes) bytes"
        case .bodyTooLarge: ", \(limits.bodyBytes) bytes"
        default: ""
        }
    }

    /// An error reply in Java's form: the exception's class, then its message.
    private func reject(_ serial: Int32, _ handshake: ByteBuffer?, _ rejection: RPCRejection) -> Action {
        let name =
            switch rejection.breach {
            case .handshake, .callHead, .datumEnd, .datumValue: "java.io.EOFException"
            default: "org.apache.avro.AvroRuntimeException"
            }
        let reply = errorReply(serial, handshake: handshake, "\(name): \(rejection.message)")
        return .reject(rejection, reply: reply)
    }

    /// The reply to a call that was served.
    func answer(_ answer: RPCAnswer, to token: CallToken) -> ByteBuffer {
        switch answer {
        case .ok: statusReply(token, status: 0)
        case .failed: statusReply(token, status: 1)
        case .error(let text): errorReply(token.serial, handshake: token.handshake, text)
        }
    }

    private func answer(_ request: HandshakeRequest) -> HandshakeResponse {
        let isOurs = FlumeProtocol.knownHashes.contains(request.serverHash)
        let isKnown =
            FlumeProtocol.knownHashes.contains(request.clientHash) || request.clientProtocol != nil
            || remembered.contains(request.clientHash)
        if request.clientProtocol != nil { remembered.insert(request.clientHash) }
        let match: HandshakeResponse.Match = isKnown ? (isOurs ? .both : .client) : .none
        return HandshakeResponse(
            match: match,
            serverProtocol: match == .both ? nil : FlumeProtocol.text,
            serverHash: match == .both ? nil : FlumeProtocol.hash,
            meta: request.meta?[PeerNaming.Key.name] == nil ? nil : description.meta
        )
    }

    // Meta of a reply: an empty map. Then no error and the status' index, or error, the union's first branch, a string.

    private func statusReply(_ token: CallToken, status: Int64) -> ByteBuffer {
        var message = token.handshake ?? ByteBuffer()
        message.writeBytes([0, 0])
        message.writeAvroLong(status)
        return reply(token.serial, message)
    }

    private func errorReply(_ serial: Int32, handshake: ByteBuffer?, _ text: String) -> ByteBuffer {
        var message = handshake ?? ByteBuffer()
        message.writeBytes([0, 1])
        message.writeAvroLong(0)
        message.writeAvroString(text)
        return reply(serial, message)
    }

    private func reply(_ serial: Int32, _ message: ByteBuffer) -> ByteBuffer {
        var frame = ByteBuffer()
        frame.reserveCapacity(12 + message.readableBytes)
        Frame.write(serial: serial, message, to: &frame)
        return frame
    }
}
