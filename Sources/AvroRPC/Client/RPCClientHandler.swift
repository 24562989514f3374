package import Events
package import NIOCore
internal import Secure

/// What a client connection tells its owner, always on the connection's event loop.
package enum RPCClientEvent: Sendable {
    /// A call has its outcome.
    case settled(UInt64, Result<Void, RPCError>)
    /// An answer to `ping`.
    case pong
    /// The connection ended. Calls without an outcome have been settled as failed before.
    case closed(RPCError)
}

/// The end of a client connection's pipeline: calls out, replies matched to them. Lives on its event loop.
package final class RPCClientHandler: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// Batches up to this size are copied behind their head, so that one write (and one run of TLS records) carries both.
    private static let smallBatch = 32 << 10
    /// How often time-outs and pings are looked at.
    private static let checkInterval = TimeAmount.milliseconds(250)

    private let events: (RPCClientEvent) -> Void
    private let opened: EventLoopPromise<Void>
    private let address: String
    private var decoder: FrameDecoder
    private var machine: RPCClientMachine
    private var context: ChannelHandlerContext?
    private var check: RepeatedTask?
    private var failure: RPCError?
    private var isOpened = false
    private var isClosed = false
    private var isClosing = false
    private var needsFlush = false
    private var isReading = false

    /// - Parameters:
    ///   - opened: succeeds when the handshake is done.
    ///   - events: called on the event loop after that.
    init(
        settings: RPCClientSettings,
        address: String,
        isEncrypted: Bool,
        opened: EventLoopPromise<Void>,
        events: @escaping (RPCClientEvent) -> Void
    ) {
        self.events = events
        self.opened = opened
        self.address = address
        decoder = FrameDecoder(limits: RPCLimits())
        machine = RPCClientMachine(settings: settings, isEncrypted: isEncrypted)
    }

    /// What the peer said of itself; `nil` for Java's and other peers.
    package var peer: PeerDescription? { machine.peer }
    /// Calls that are not answered.
    package var inFlight: Int { machine.inFlight }

    /// Whether a batch may be sent now.
    package func hasRoom(for batch: EventBatch) -> Bool {
        !isClosed && !isClosing && machine.hasRoom(for: batch.bytes.readableBytes)
    }

    /// Sends a batch; only where `hasRoom`.
    package func send(_ batch: EventBatch, number: UInt64, deadline: NIODeadline?) {
        guard let context else { return }
        var (head, tail) = machine.send(number, batch, deadline: deadline, now: context.eventLoop.now)
        if batch.bytes.readableBytes <= Self.smallBatch {
            head.writeImmutableBuffer(batch.bytes)
            head.writeImmutableBuffer(tail)
            context.write(wrapOutboundOut(head), promise: nil)
        } else {
            context.write(wrapOutboundOut(head), promise: nil)
            context.write(wrapOutboundOut(batch.bytes), promise: nil)
            context.write(wrapOutboundOut(tail), promise: nil)
        }
        flushSoon(context)
        startChecks(context)
    }

    /// Asks whether the peer is there; the answer is the event `pong`, or the connection's end.
    package func ping() {
        guard let context, !isClosed else { return }
        context.writeAndFlush(wrapOutboundOut(machine.ping(now: context.eventLoop.now)), promise: nil)
        startChecks(context)
    }

    /// Closes once every call is answered.
    package func closeWhenIdle() {
        isClosing = true
        if machine.inFlight == 0 { context?.close(promise: nil) }
    }

    /// Closes now.
    package func close() { context?.close(promise: nil) }

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { begin(context) }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    package func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(machine.begin()), promise: nil)
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data))
        isReading = true
        do throws(RPCRejection) {
            while !isClosed, let frame = try decoder.next() {
                apply(machine.receive(frame, now: context.eventLoop.now), context)
            }
        } catch {
            fail(error.error, context)
        }
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flush(context)
        context.fireChannelReadComplete()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? TLSError {
            fail(RPCError(error.code == .closedInHandshake ? .connectionClosed : .tls, error.description), context)
        } else {
            fail(RPCError(.connectionClosed, "connection to \(address) broke: \(error)"), context)
        }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        check?.cancel()
        check = nil
        let reason = failure ?? RPCError(.connectionClosed, "\(address) closed the connection")
        for number in machine.end() { events(.settled(number, .failure(reason))) }
        if isOpened {
            events(.closed(reason))
        } else {
            opened.fail(reason)
        }
        context.fireChannelInactive()
    }

    private func apply(_ action: RPCClientMachine.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .send(let frame):
            context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
        case .opened:
            isOpened = true
            opened.succeed()
        case .settled(let number, let result):
            events(.settled(number, result.mapError { RPCError($0.code, "\(address): \($0.message)") }))
            if isClosing && machine.inFlight == 0 { context.close(promise: nil) }
        case .pong:
            events(.pong)
        case .ignored:
            break
        case .close(let error):
            fail(error, context)
        }
    }

    /// TLS or compression below came to nothing.
    func layerFailed(_ failure: RPCRejection) {
        if let context { fail(failure.error, context) }
    }

    private func fail(_ error: RPCError, _ context: ChannelHandlerContext) {
        guard !isClosed, failure == nil else { return }
        failure = error.message.contains(address) ? error : RPCError(error.code, "\(address): \(error.message)")
        context.close(promise: nil)
    }

    /// Flushes at the end of the read that led to this, or else when the loop has run what is queued.
    private func flushSoon(_ context: ChannelHandlerContext) {
        guard !needsFlush else { return }
        needsFlush = true
        guard !isReading else { return }
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute {
            if let context = handler.value.context { handler.value.flush(context) }
        }
    }

    private func flush(_ context: ChannelHandlerContext) {
        guard needsFlush else { return }
        needsFlush = false
        context.flush()
    }

    private func startChecks(_ context: ChannelHandlerContext) {
        guard check == nil else { return }
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        check = context.eventLoop.scheduleRepeatedTask(initialDelay: Self.checkInterval, delay: Self.checkInterval) {
            _ in
            handler.value.runChecks()
        }
    }

    private func runChecks() {
        guard let context, !isClosed else { return }
        for action in machine.check(now: context.eventLoop.now) { apply(action, context) }
        if machine.isIdle {
            check?.cancel()
            check = nil
        }
    }
}
