internal import DequeModule
internal import Events
internal import NIOCore

/// One connection of a client: handshake by a ping, then calls within a window, matched to their replies by serial.
///
/// No I/O and no clock. The handshake goes alone (a call with an empty name), so that who the peer is, and whether it
/// knows our protocol, is settled before any event is sent.
struct RPCClientMachine {
    enum Action {
        case send(ByteBuffer)
        /// The handshake is done; what a named peer says of itself.
        case opened(PeerDescription?)
        /// A call has its outcome.
        case settled(UInt64, Result<Void, RPCError>)
        /// An answer to `ping`.
        case pong
        /// A reply to a call that was given up, or to none: nothing to do.
        case ignored(serial: Int32)
        case close(RPCError)
    }

    private enum State {
        case idle
        case handshaking(serial: Int32, textSent: Bool)
        case open
        case closed
    }

    private struct Call {
        var serial: Int32
        /// `nil` for a ping.
        var number: UInt64?
        var bytes: Int
        var patience: TimeAmount
        var expires: NIODeadline
    }

    private let settings: RPCClientSettings
    private let isEncrypted: Bool
    private var state: State = .idle
    private var nextSerial: Int32 = 1
    private var calls: Deque<Call> = []
    private var bytesInFlight = 0
    private(set) var peer: PeerDescription?
    /// The hash under which the server says that it knows the protocol; `nil` where it said nothing.
    private(set) var serverHash: [UInt8]?
    private var lastHeard: NIODeadline = .distantPast
    private var lastPing: NIODeadline = .distantPast
    /// A call to an unnamed peer was not answered in time: nothing more is sent here.
    private var isCondemned = false

    init(settings: RPCClientSettings, isEncrypted: Bool) {
        self.settings = settings
        self.isEncrypted = isEncrypted
    }

    /// Calls that are not answered, pings aside.
    var inFlight: Int { calls.count { $0.number != nil } }

    /// Whether time alone changes nothing here.
    var isIdle: Bool { calls.isEmpty && !isCondemned }

    var isOpen: Bool {
        if case .open = state { return !isCondemned }
        return false
    }

    /// Whether a call of `bytes` may be sent now.
    func hasRoom(for bytes: Int) -> Bool {
        guard isOpen else { return false }
        let inFlight = inFlight
        guard let peer else { return inFlight < (settings.window ?? 1) }
        guard inFlight < min(settings.window ?? RPCClientSettings.namedWindow, peer.calls) else { return false }
        return inFlight == 0 || bytesInFlight + bytes <= peer.bytes
    }

    /// The first frame.
    ///
    /// - Parameter serverHash: what the server said on a connection before; else it is taken to know ours.
    mutating func begin(serverHash: [UInt8]? = nil) -> ByteBuffer {
        handshake(serverHash: serverHash ?? FlumeProtocol.hash, withText: false)
    }

    private mutating func handshake(serverHash: [UInt8], withText: Bool) -> ByteBuffer {
        let serial = takeSerial()
        state = .handshaking(serial: serial, textSent: withText)
        var message = ByteBuffer()
        HandshakeRequest(
            clientHash: FlumeProtocol.hash,
            clientProtocol: withText ? FlumeProtocol.text : nil,
            serverHash: serverHash,
            meta: [PeerNaming.Key.name: Array(PeerNaming.version.utf8)]
        ).write(to: &message)
        // Meta of the call: an empty map. An empty name: a ping.
        message.writeBytes([0, 0])
        var frame = ByteBuffer()
        Frame.write(serial: serial, message, to: &frame)
        return frame
    }

    private mutating func takeSerial() -> Int32 {
        defer { nextSerial = nextSerial == .max ? 1 : nextSerial + 1 }
        return nextSerial
    }

    mutating func receive(_ frame: Frame, now: NIODeadline) -> Action {
        lastHeard = now
        do throws(AvroError) {
            switch state {
            case .idle, .closed: return .ignored(serial: frame.serial)
            case .handshaking(let serial, let textSent):
                return try shakeHands(frame, serial: serial, textSent: textSent)
            case .open: return try reply(frame)
            }
        } catch {
            return .close(RPCError(.protocolViolation, "reply \(frame.serial) cannot be read: \(error)"))
        }
    }

    private mutating func shakeHands(_ frame: Frame, serial: Int32, textSent: Bool) throws(AvroError) -> Action {
        guard frame.serial == serial else { return .ignored(serial: frame.serial) }
        var reader = MessageReader(frame.joined)
        let response = try HandshakeResponse.read(&reader)
        serverHash = response.serverHash ?? serverHash
        switch response.match {
        case .both, .client:
            state = .open
            peer = PeerDescription(meta: response.meta)
            return .opened(peer)
        case .none where !textSent:
            return .send(handshake(serverHash: response.serverHash ?? FlumeProtocol.hash, withText: true))
        case .none:
            state = .closed
            return .close(RPCError(.protocolViolation, "the peer does not take Flume's Avro protocol"))
        }
    }

    private mutating func reply(_ frame: Frame) throws(AvroError) -> Action {
        guard let index = calls.firstIndex(where: { $0.serial == frame.serial }) else {
            return .ignored(serial: frame.serial)
        }
        // A call whose answer cannot be read stays: it fails with the connection.
        let result = try calls[index].number.map { number throws(AvroError) in (number, try Self.outcome(frame)) }
        bytesInFlight -= calls.remove(at: index).bytes
        guard let (number, outcome) = result else { return .pong }
        return .settled(number, outcome)
    }

    /// What a reply says of its call.
    private static func outcome(_ frame: Frame) throws(AvroError) -> Result<Void, RPCError> {
        var reader = MessageReader(frame.joined)
        _ = try reader.map()
        let flagAt = reader.position
        switch try reader.byte() {
        case 0:
            let statusAt = reader.position
            switch try reader.long() {
            case 0: return .success(())
            case 1: return .failure(RPCError(.refused, "the peer answered FAILED"))
            case 2: return .failure(RPCError(.refused, "the peer answered UNKNOWN"))
            default: throw AvroError(.notInSchema, offset: statusAt)
            }
        case 1:
            _ = try reader.long()
            let text = try reader.string()
            return .failure(RPCError(.remoteError, "the peer answered with an error: \(text.prefix(300))"))
        default:
            throw AvroError(.notInSchema, offset: flagAt)
        }
    }

    /// A call of `appendBatch`: what stands in front of the events' bytes, and what follows them.
    ///
    /// - Parameter deadline: when those behind us stop waiting.
    mutating func send(
        _ number: UInt64,
        _ batch: EventBatch,
        deadline: NIODeadline?,
        now: NIODeadline
    ) -> (head: ByteBuffer, tail: ByteBuffer) {
        let left = max(
            .zero,
            min(settings.acknowledgeTimeout, deadline.map { $0 - now } ?? settings.acknowledgeTimeout)
        )
        let serial = takeSerial()
        if calls.isEmpty { lastHeard = now }
        let bytes = batch.bytes.readableBytes
        let patience = peer == nil ? settings.requestTimeout : left + RPCClientSettings.grace
        calls.append(Call(serial: serial, number: number, bytes: bytes, patience: patience, expires: now + patience))
        bytesInFlight += bytes

        var opening = ByteBuffer()
        opening.writeAvroString("appendBatch")
        var payload = ByteBuffer()
        if !batch.isEmpty { payload.writeAvroLong(Int64(batch.count)) }
        let tail = ByteBuffer(bytes: [0])
        var message = ByteBuffer()
        if peer == nil {
            message.writeAvroLong(0)
        } else {
            var meta = [PeerNaming.Key.left: PeerNaming.bytes(of: Self.milliseconds(left))]
            if !isEncrypted {
                let crc = [payload, batch.bytes, tail].reduce(opening.crc32c()) { $1.crc32c(continuing: $0) }
                meta[PeerNaming.Key.checksum] = PeerNaming.bytes(of: crc)
            }
            message.writeAvroMap(meta)
        }
        message.writeImmutableBuffer(opening)

        // Two buffers, as Java's sender cuts: the head, then the payload.
        var head = ByteBuffer()
        head.writeInteger(serial)
        head.writeInteger(Int32(2))
        head.writeInteger(Int32(message.readableBytes))
        head.writeImmutableBuffer(message)
        head.writeInteger(Int32(payload.readableBytes + bytes + tail.readableBytes))
        head.writeImmutableBuffer(payload)
        return (head, tail)
    }

    /// Flume's text, which people look for in logs (NettyAvroRpcClient).
    private static func timedOut(after patience: TimeAmount) -> RPCError {
        RPCError(.timedOut, "RPC request timed out after \(milliseconds(patience))ms")
    }

    private static func milliseconds(_ time: TimeAmount) -> UInt32 {
        UInt32(clamping: time.nanoseconds / 1_000_000)
    }

    /// A ping on the open connection; its answer is `pong`.
    mutating func ping(now: NIODeadline) -> ByteBuffer {
        let serial = takeSerial()
        lastPing = now
        if calls.isEmpty { lastHeard = now }
        let patience = settings.requestTimeout
        calls.append(Call(serial: serial, number: nil, bytes: 0, patience: patience, expires: now + patience))
        var frame = ByteBuffer()
        Frame.write(serial: serial, ByteBuffer(bytes: [0, 0]), to: &frame)
        return frame
    }

    /// What has become due.
    mutating func check(now: NIODeadline) -> [Action] {
        guard case .open = state, !isIdle else { return [] }
        if peer != nil, !calls.isEmpty, now - lastHeard >= settings.pingTimeout {
            let silence = (now - lastHeard).nanoseconds / 1_000_000_000
            return [.close(RPCError(.timedOut, "nothing was heard of the peer for \(silence) s"))]
        }
        var actions: [Action] = []
        while let index = calls.firstIndex(where: { $0.expires <= now }) {
            let call = calls.remove(at: index)
            bytesInFlight -= call.bytes
            isCondemned = isCondemned || peer == nil
            guard let number = call.number else {
                actions.append(.close(RPCError(.timedOut, "a ping was not answered in time")))
                break
            }
            actions.append(.settled(number, .failure(Self.timedOut(after: call.patience))))
        }
        if isCondemned && calls.isEmpty {
            actions.append(.close(Self.timedOut(after: settings.requestTimeout)))
        }
        if peer != nil, !calls.isEmpty, now - max(lastPing, lastHeard) >= settings.pingInterval {
            actions.append(.send(ping(now: now)))
        }
        return actions
    }

    /// The connection is gone: the calls that were not answered, in the order in which they were sent.
    mutating func end() -> [UInt64] {
        state = .closed
        defer { calls = [] }
        bytesInFlight = 0
        return calls.compactMap(\.number)
    }
}
