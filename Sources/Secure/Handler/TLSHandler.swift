import COpenSSL
package import NIOCore

/// TLS for one connection: ciphertext on the network's side, plaintext on the other, both ByteBuffers.
///
/// The handshake begins when the channel is active. Writes before its end wait. Then `TLSHandshakeCompleted` is fired,
/// and, when the peer ends, `TLSPeerClosed`. The first failure is fired as one `TLSError` through `errorCaught`, fails
/// the queued writes, and closes the channel. A close by us sends close_notify and does not wait for the peer's (RFC
/// 8446, 6.1). With `ChannelOptions.allowRemoteHalfClosure` the peer's close_notify becomes `ChannelEvent.inputClosed`
/// and writing goes on; `close(mode: .output)` sends ours after what was flushed.
package final class TLSHandler: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// The most plaintext in one channelRead, and about the most ciphertext in one write unless a single piece is larger.
    static let batchLimit = 1 << 20

    private let tls: TLSContext
    private let role: TLSRole
    private let handshakeTimeout: TimeAmount
    private let allocator = ByteBufferAllocator()

    private var state = TLSState()
    private var session: TLSSession?
    private var queue = QueuedWrites()
    private var deadline: Scheduled<Void>?
    /// Set aside for the next read when a read ended inside a record; an idle connection keeps none.
    private var plain = ByteBuffer()
    private var firstBytes: [UInt8] = []
    private var peer: SocketAddress?
    /// A half close asked for before the handshake was complete, or before its flushed writes were encrypted.
    private var outputCloses: [EventLoopPromise<Void>?] = []
    /// Someone downstream asked for a read and has had no plaintext since.
    private var readWanted = false
    private var isEncrypting = false

    /// `handshakeTimeout`: Netty's SslHandler allows 10 s, and so Flume's servers and clients do.
    package init(context: TLSContext, role: TLSRole, handshakeTimeout: TimeAmount = .seconds(10)) {
        self.tls = context
        self.role = role
        self.handshakeTimeout = handshakeTimeout
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { self.start(context) }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        self.end(ChannelError.ioOnClosedChannel)
        self.session?.close()
        self.session = nil
    }

    package func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        self.start(context)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        switch self.state.channelEnded() {
        case .inHandshake: self.fail(context) { $0.closed(cause: nil) }
        case .truncated: context.fireUserInboundEventTriggered(TLSPeerClosed(closedCleanly: false))
        case .expected: break
        }
        self.end(ChannelError.ioOnClosedChannel)
        context.fireChannelInactive()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if self.state.isHandshaking {
            self.fail(context) { $0.closed(cause: "\(error)") }
        } else {
            context.fireErrorCaught(error)
        }
    }
}

// MARK: Handshake

extension TLSHandler {
    private func start(_ context: ChannelHandlerContext) {
        guard self.state.start() else { return }
        self.peer = context.remoteAddress
        do {
            self.session = try TLSSession(self.tls, role: self.role)
        } catch {
            self.fail(context) { TLSError(error.code, "TLS with \($0.peer) is not possible: \(error.message)") }
            return
        }
        let limit = self.handshakeTimeout
        self.deadline = context.eventLoop.assumeIsolated().scheduleTask(in: limit) {
            self.deadline = nil
            self.fail(context) { $0.timedOut(limit.text) }
        }
        if case .client = self.role {
            var nothing = ByteBuffer()
            guard self.handshake(context, &nothing) else { return }
        }
        // With autoRead off nobody else asks for the peer's answer.
        context.read()
    }

    /// Goes on with the handshake. False when it failed.
    private func handshake(_ context: ChannelHandlerContext, _ input: inout ByteBuffer) -> Bool {
        guard let session = self.session else { return false }
        switch session.handshake(&input) {
        case .needsInput:
            self.send(context)
        case .done:
            self.completed(context, session)
        case .closeNotify:
            self.fail(context) { $0.closed(cause: nil) }
            return false
        case .failed(let errors):
            self.fail(context) { $0.failed(errors) }
            return false
        }
        return true
    }

    private func completed(_ context: ChannelHandlerContext, _ session: TLSSession) {
        self.deadline?.cancel()
        self.deadline = nil
        self.firstBytes = []
        self.state.handshakeCompleted()
        self.send(context)
        let event = TLSHandshakeCompleted(
            protocolName: session.protocolName,
            cipher: session.cipherName,
            peerSubject: session.peerSubject,
            peerSerial: session.peerSerial,
            serverName: self.role == .server ? session.serverName : nil
        )
        context.fireUserInboundEventTriggered(event)
        self.encrypt(context)
    }

    /// Ends the connection with the one error that `make` gives; nothing when it has ended already.
    private func fail(_ context: ChannelHandlerContext, _ make: (HandshakeDiagnosis) -> TLSError) {
        let wasOpen = self.state.isOpen
        guard self.state.fail() else { return }
        let error = make(self.diagnosis(wasOpen: wasOpen))
        self.send(context)
        self.end(error)
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }

    private func diagnosis(wasOpen: Bool) -> HandshakeDiagnosis {
        let host: String? = if case .client(let name) = self.role { name } else { nil }
        return HandshakeDiagnosis(
            isServer: self.role == .server,
            peer: self.peer?.text ?? "an unknown peer",
            wasOpen: wasOpen,
            firstBytes: wasOpen ? [] : self.firstBytes,
            host: host,
            versions: self.tls.versions,
            verifyFailure: self.session?.verifyFailure,
            offeredVersion: self.role == .server ? self.session?.offeredVersion ?? 0 : 0
        )
    }

    /// Stops the timer and fails all that waits.
    private func end(_ error: any Error) {
        self.deadline?.cancel()
        self.deadline = nil
        let closes = self.outputCloses
        self.outputCloses = []
        for promise in self.queue.removeAll() { promise.fail(error) }
        for promise in closes { promise?.fail(error) }
    }

    /// Sends what the session made beside the plaintext: handshake messages, an alert, close_notify.
    private func send(_ context: ChannelHandlerContext) {
        guard let session = self.session, session.pendingOutput > 0 else { return }
        var buffer = self.allocator.buffer(capacity: session.pendingOutput)
        session.drain(to: &buffer)
        context.writeAndFlush(self.wrapOutboundOut(buffer), promise: nil)
    }
}

// MARK: Reading

extension TLSHandler {
    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var input = self.unwrapInboundIn(data)
        guard self.state.reads else { return }
        if self.state.isHandshaking {
            let missing = HandshakeDiagnosis.firstBytesLimit - self.firstBytes.count
            if missing > 0 { self.firstBytes += input.readableBytesView.prefix(missing) }
            guard self.handshake(context, &input), self.state.isOpen else { return }
        }
        self.decrypt(context, &input)
    }

    private func decrypt(_ context: ChannelHandlerContext, _ input: inout ByteBuffer) {
        while self.state.reads, let session = self.session {
            var plain = self.plain
            self.plain = ByteBuffer()
            let outcome = session.read(&input, to: &plain, limit: Self.batchLimit)
            if plain.readableBytes > 0 {
                self.readWanted = false
                context.fireChannelRead(self.wrapInboundOut(plain))
            } else if session.isInsideRecord {
                self.plain = plain
            }
            switch outcome {
            case .done:
                continue
            case .needsInput:
                self.send(context)
                return
            case .closeNotify:
                self.peerClosed(context)
                return
            case .failed(let errors):
                self.fail(context) { $0.failed(errors) }
                return
            }
        }
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // Ciphertext came and no plaintext: who asked for a read is still waiting, and may not ask again.
        if self.state.isHandshaking || (self.readWanted && self.state.reads) { context.read() }
    }

    package func read(context: ChannelHandlerContext) {
        self.readWanted = true
        context.read()
    }

    private func peerClosed(_ context: ChannelHandlerContext) {
        guard self.state.closeNotified() else { return }
        self.plain = ByteBuffer()
        context.fireUserInboundEventTriggered(TLSPeerClosed(closedCleanly: true))
        let mayStayOpen = try? context.channel.syncOptions?.getOption(.allowRemoteHalfClosure)
        if mayStayOpen == true {
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        } else {
            self.close(context: context, mode: .all, promise: nil)
        }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let closed = event as? ChannelEvent, closed == .inputClosed else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        switch self.state.inputEnded() {
        case .inHandshake:
            self.fail(context) { $0.closed(cause: nil) }
        case .truncated:
            context.fireUserInboundEventTriggered(TLSPeerClosed(closedCleanly: false))
            context.fireUserInboundEventTriggered(event)
        case .expected:
            // Told when close_notify came.
            break
        }
    }
}

// MARK: Writing

extension TLSHandler {
    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard self.state.acceptsWrites else {
            promise?.fail(self.state.outputClosed ? ChannelError.outputClosed : ChannelError.ioOnClosedChannel)
            return
        }
        self.queue.append(self.unwrapOutboundIn(data), promise)
    }

    package func flush(context: ChannelHandlerContext) {
        self.queue.flush()
        if self.state.isOpen {
            self.encrypt(context)
        } else {
            context.flush()
        }
    }

    /// Encrypts what is flushed into as few writes as `batchLimit` allows and flushes them. Small pieces are put
    /// together up to a record, whose cost is mostly its own.
    private func encrypt(_ context: ChannelHandlerContext) {
        // A promise's callback may flush again: the loop below sees its pieces.
        guard self.state.isOpen, !self.isEncrypting, let session = self.session else { return }
        if self.queue.hasFlushed {
            self.isEncrypting = true
            defer { self.isEncrypting = false }
            repeat {
                let expected = TLSSession.sealedSize(min(self.queue.bytes, Self.batchLimit))
                var output = self.allocator.buffer(capacity: expected)
                let sealed = self.seal(session, &output)
                if let errors = sealed.errors {
                    self.fail(context) { $0.failed(errors) }
                    sealed.promise?.fail(ChannelError.ioOnClosedChannel)
                    return
                }
                context.write(self.wrapOutboundOut(output), promise: sealed.promise)
            } while self.queue.hasFlushed && self.state.isOpen
            context.flush()
        }
        self.closeOutputWhenDue(context)
    }

    /// Encrypts flushed pieces to `output` up to about `batchLimit`. `promise` stands for all pieces taken.
    private func seal(
        _ session: TLSSession,
        _ output: inout ByteBuffer
    ) -> (promise: EventLoopPromise<Void>?, errors: LibraryErrors?) {
        var promise: EventLoopPromise<Void>?
        var joined: ByteBuffer?
        while output.readableBytes < Self.batchLimit, let next = self.queue.next() {
            promise = promise.joined(with: next.promise)
            guard var held = joined else {
                joined = next.piece
                continue
            }
            joined = nil
            if held.readableBytes + next.piece.readableBytes <= TLSSession.recordSize {
                held.writeImmutableBuffer(next.piece)
                joined = held
            } else {
                if let errors = session.write(held, to: &output) { return (promise, errors) }
                joined = next.piece
            }
        }
        if let held = joined, let errors = session.write(held, to: &output) { return (promise, errors) }
        return (promise, nil)
    }
}

// MARK: Closing

extension TLSHandler {
    package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch mode {
        case .all:
            if case .notify = self.state.close() {
                self.session?.shutdown()
                self.send(context)
            }
            self.end(ChannelError.ioOnClosedChannel)
            context.close(mode: .all, promise: promise)
        case .output:
            guard self.state.acceptsWrites else {
                context.close(mode: .output, promise: promise)
                return
            }
            self.outputCloses.append(promise)
            self.closeOutputWhenDue(context)
        case .input:
            context.close(mode: .input, promise: promise)
        }
    }

    /// Half closes once the handshake is complete and what was flushed before is encrypted.
    private func closeOutputWhenDue(_ context: ChannelHandlerContext) {
        guard !self.outputCloses.isEmpty, !self.queue.hasFlushed, self.state.closeOutput() else { return }
        self.session?.shutdown()
        self.send(context)
        let closes = self.outputCloses
        self.outputCloses = []
        for promise in self.queue.removeAll() { promise.fail(ChannelError.outputClosed) }
        for promise in closes { context.close(mode: .output, promise: promise) }
    }
}
