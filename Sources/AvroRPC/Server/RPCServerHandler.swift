internal import NIOCore
internal import Secure

/// The end of a server connection's pipeline: frames in, calls to the service, replies out in one flush a read.
final class RPCServerHandler: ChannelInboundHandler, ChannelOutboundHandler {
    /// Bytes of a call beside its batch, for which a named peer's calls are given room: it counts batches alone.
    private static let headAllowance = 1 << 10
    /// How long a peer that keeps its side open after ours is closed may take to read its answers.
    private static let lingering = TimeAmount.milliseconds(500)

    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private struct OpenCall {
        var token: RPCServerMachine.CallToken
        var bytes: Int
        var handle: (any RPCCallHandle)?
    }

    private let service: any RPCService
    private let limits: RPCLimits
    private var decoder: FrameDecoder
    private var machine: RPCServerMachine
    private var context: ChannelHandlerContext?
    /// Calls that are not answered, under numbers of our own: a peer may use one serial twice.
    private var open: [UInt64: OpenCall] = [:]
    private var openBytes = 0
    private var nextCall: UInt64 = 0
    private var replies: ByteBuffer?
    private var isReading = false
    private var isReadHeld = false
    private var isRefusing = false
    /// Set when the server stops and the connection is to close as soon as nothing is open on it.
    private var closesWhenIdle = false
    /// After a breach whose error the peer is to read: what still comes is thrown away.
    private var isEnding = false
    /// Our side is closed: what still comes can not be answered, and is not served.
    private var isOutputEnded = false
    private var isClosed = false
    private var peer = "unknown"
    private let heldByAll: HeldBytes
    /// What of it is ours.
    private var held = 0
    private var clock: PeerClock?
    private var alarm: (deadline: NIODeadline, task: Scheduled<Void>)?
    private var receivedBytes = 0
    private var receivedFrames: UInt64 = 0

    init(
        service: any RPCService,
        remembered: ProtocolMemory,
        limits: RPCLimits,
        isEncrypted: Bool,
        held: HeldBytes = HeldBytes()
    ) {
        self.service = service
        self.limits = limits
        heldByAll = held
        decoder = FrameDecoder(limits: limits)
        machine = RPCServerMachine(
            description: service.description,
            remembered: remembered,
            isEncrypted: isEncrypted,
            limits: limits.events
        )
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        peer = context.remoteAddress?.hostAndPort ?? peer
        clock = PeerClock(limits: limits, now: context.eventLoop.now)
        setAlarm(context)
        service.connectionsChanged(by: 1)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        stopWatching()
        service.connectionsChanged(by: -1)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOutputEnded, !isEnding else { return }
        let bytes = unwrapInboundIn(data)
        receivedBytes += bytes.readableBytes
        decoder.append(bytes)
        isReading = true
        decode(context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        proceed(context)
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        proceed(context)
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        for call in open.values { call.handle?.abandon() }
        open = [:]
        stopWatching()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? TLSError {
            let breach: RPCBreach =
                switch error.code {
                case .plainText: .plainText
                case .handshakeTimeout: .handshakeTime
                default: .tls
                }
            fail(RPCRejection(breach, error.description), context)
        } else if let rejection = error as? RPCRejection {
            // A layer below has found it.
            fail(rejection, context)
        } else if !isClosed {
            // A connection that the peer reset: its calls are abandoned with it.
            context.close(promise: nil)
        }
    }

    /// TLS or compression below came to nothing.
    func layerFailed(_ failure: RPCRejection) {
        if let context { fail(failure, context) }
    }

    /// Whether a peer has all in our hands that it may. One that named itself was told the limits and keeps within them,
    /// so that it is read from at them (its pings are to be answered) and held back above them only. Its only call may
    /// be of any size.
    private var isAtLimits: Bool {
        guard !isRefusing else { return false }
        guard machine.isNamed else { return open.count >= limits.calls || openBytes >= limits.callBytes }
        let bytes = limits.callBytes + open.count * Self.headAllowance
        return open.count > limits.calls || (open.count > 1 && openBytes > bytes)
    }

    /// Holds back reading while a peer is at its limits, or does not take the answers that it was given.
    func read(context: ChannelHandlerContext) {
        if isAtLimits || !context.channel.isWritable {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    /// Takes frames; those above the limits wait where they are.
    private func decode(_ context: ChannelHandlerContext) {
        do throws(RPCRejection) {
            while !isClosed, !isOutputEnded, !isEnding, !isAtLimits {
                if let replies, replies.readableBytes >= limits.queuedBytes { flushReplies(context) }
                guard context.channel.isWritable, let frame = try decoder.next() else { break }
                receivedFrames += 1
                receive(frame, context)
            }
        } catch {
            fail(error, context)
        }
    }

    private func receive(_ frame: Frame, _ context: ChannelHandlerContext) {
        switch machine.receive(frame) {
        case .reply(let bytes):
            send(bytes)
        case .reject(let rejection, let reply):
            send(reply)
            service.rejected(rejection, peer: peer)
            if !rejection.breach.leavesConnection { end() }
        case .close(let rejection):
            fail(rejection, context)
        case .serve(let call, let token):
            if isRefusing {
                send(machine.answer(.failed, to: token))
            } else {
                serve(call, token, bytes: frame.readableBytes, context)
            }
        }
    }

    private func serve(
        _ call: RPCCall,
        _ token: RPCServerMachine.CallToken,
        bytes: Int,
        _ context: ChannelHandlerContext
    ) {
        let number = nextCall
        nextCall += 1
        open[number] = OpenCall(token: token, bytes: bytes)
        openBytes += bytes
        let loop = context.eventLoop
        let handler = NIOLoopBound(self, eventLoop: loop)
        let handle = service.serve(call, on: loop) { answer in
            LoopHandover.run(on: loop) { handler.value.finish(number, answer) }
        }
        open[number]?.handle = handle
    }

    private func finish(_ number: UInt64, _ answer: RPCAnswer) {
        guard let call = open.removeValue(forKey: number) else { return }
        openBytes -= call.bytes
        send(machine.answer(answer, to: call.token))
        if let context { proceed(context) }
    }

    private func send(_ bytes: ByteBuffer) {
        if replies == nil {
            replies = bytes
        } else {
            replies?.writeImmutableBuffer(bytes)
        }
    }

    /// Goes on after a change, unless the read under way will do so at its end: takes what waited, sends what is answered,
    /// reads on, closes when that is due.
    private func proceed(_ context: ChannelHandlerContext) {
        guard !isReading else { return }
        // A call may be answered before `serve` returns: that must not lead back here.
        isReading = true
        decode(context)
        isReading = false
        flushReplies(context)
        if isReadHeld, !isClosed, !isAtLimits, context.channel.isWritable {
            isReadHeld = false
            context.read()
        }
        if closesWhenIdle && open.isEmpty { finishOutput(context) }
        watch(context)
    }

    private func flushReplies(_ context: ChannelHandlerContext) {
        guard let bytes = replies, !isClosed else { return }
        replies = nil
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    private func fail(_ rejection: RPCRejection, _ context: ChannelHandlerContext) {
        guard !isClosed else { return }
        // What was answered before was done: the peer is to know.
        flushReplies(context)
        isClosed = true
        stopWatching()
        service.rejected(rejection, peer: peer)
        context.close(promise: nil)
    }

    /// Closes as soon as the open calls are answered; nothing more is read. `proceed`, which follows, closes at once
    /// where none is open.
    private func end() {
        isEnding = true
        closesWhenIdle = true
    }

    /// From now on every new call is answered FAILED at once: the server is stopping.
    func refuse() {
        isRefusing = true
        if let context { proceed(context) }
    }

    /// Closes when the open calls are answered: our side first, so that no answer is lost to a reset; then the peer's.
    func closeWhenIdle() {
        closesWhenIdle = true
        refuse()
    }

    private func finishOutput(_ context: ChannelHandlerContext) {
        closesWhenIdle = false
        isOutputEnded = true
        let channel = context.channel
        let ended = context.eventLoop.makePromise(of: Void.self)
        ended.futureResult.whenComplete { _ in
            channel.eventLoop.scheduleTask(in: Self.lingering) { channel.close(promise: nil) }
        }
        // Done when all that was written before has gone out.
        context.close(mode: .output, promise: ended)
    }
}

// MARK: Time and memory

extension RPCServerHandler {
    /// Looks at what has changed: how much is held here, and what the peer is waited for.
    private func watch(_ context: ChannelHandlerContext) {
        guard !isClosed else { return }
        let isWritable = context.channel.isWritable
        let isReading = !isAtLimits && isWritable
        let buffered = decoder.bufferedBytes
        hold(buffered + openBytes + (isWritable ? 0 : limits.queuedBytes))
        clock?.update(
            PeerClock.Situation(
                received: receivedBytes,
                isEstablished: machine.isEstablished,
                frame: buffered > 0 ? (receivedFrames, buffered) : nil,
                isReading: isReading,
                isBusy: !open.isEmpty,
                isBlocked: !isWritable
            ),
            now: context.eventLoop.now
        )
        setAlarm(context)
    }

    private func hold(_ bytes: Int) {
        guard bytes != held else { return }
        heldByAll.add(bytes - held)
        held = bytes
    }

    /// One timer at most: it goes off at the first deadline that was known when it was set, and is set again then.
    private func setAlarm(_ context: ChannelHandlerContext) {
        guard let next = clock?.next, alarm.map({ $0.deadline > next }) ?? true else { return }
        alarm?.task.cancel()
        let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: next) {
            self.alarm = nil
            guard !self.isClosed, let clock = self.clock else { return }
            if let rejection = clock.check(now: context.eventLoop.now) {
                self.fail(rejection, context)
            } else {
                self.setAlarm(context)
            }
        }
        alarm = (next, task)
    }

    private func stopWatching() {
        alarm?.task.cancel()
        alarm = nil
        hold(0)
    }
}

extension SocketAddress {
    /// `host:port` as an operator writes it; IPv6 in brackets.
    package var hostAndPort: String {
        let host = ipAddress ?? description
        return host.contains(":") ? "[\(host)]:\(port ?? 0)" : "\(host):\(port ?? 0)"
    }
}
