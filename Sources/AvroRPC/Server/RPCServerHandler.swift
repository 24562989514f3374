internal import NIOCore
internal import Secure

/// The end of a server connection's pipeline: frames in, calls to the service, replies out in one flush a read.
final class RPCServerHandler: ChannelInboundHandler, ChannelOutboundHandler {
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
    private var isClosed = false
    private var peer = "unknown"

    init(service: any RPCService, remembered: ProtocolMemory, limits: RPCLimits, isEncrypted: Bool) {
        self.service = service
        self.limits = limits
        decoder = FrameDecoder(limits: limits)
        machine = RPCServerMachine(
            description: service.description,
            remembered: remembered,
            isEncrypted: isEncrypted
        )
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        peer = context.remoteAddress?.hostAndPort ?? peer
        service.connectionsChanged(by: 1)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        service.connectionsChanged(by: -1)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data))
        isReading = true
        do throws(RPCError) {
            while !isClosed, let frame = try decoder.next() { receive(frame, context) }
        } catch {
            fail(error, context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flushReplies(context)
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        for call in open.values { call.handle?.abandon() }
        open = [:]
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? TLSError {
            fail(RPCError(.tls, error.description), context)
        } else if !isClosed {
            // A connection that the peer reset: its calls are abandoned with it.
            context.close(promise: nil)
        }
    }

    /// Holds back reading while a peer has more in our hands than it may.
    func read(context: ChannelHandlerContext) {
        if open.count >= limits.calls || openBytes >= limits.callBytes {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    private func receive(_ frame: Frame, _ context: ChannelHandlerContext) {
        switch machine.receive(frame) {
        case .reply(let bytes):
            send(bytes)
        case .close(let error):
            fail(error, context)
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
            if loop.inEventLoop {
                handler.value.finish(number, answer)
            } else {
                loop.execute { handler.value.finish(number, answer) }
            }
        }
        open[number]?.handle = handle
    }

    private func finish(_ number: UInt64, _ answer: RPCAnswer) {
        guard let call = open.removeValue(forKey: number) else { return }
        openBytes -= call.bytes
        send(machine.answer(answer, to: call.token))
        guard let context, !isReading else { return }
        flushReplies(context)
    }

    private func send(_ bytes: ByteBuffer) {
        if replies == nil {
            replies = bytes
        } else {
            replies?.writeImmutableBuffer(bytes)
        }
    }

    private func flushReplies(_ context: ChannelHandlerContext) {
        if let bytes = replies, !isClosed {
            replies = nil
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        }
        if isReadHeld, open.count < limits.calls, openBytes < limits.callBytes {
            isReadHeld = false
            context.read()
        }
        if closesWhenIdle && open.isEmpty { finishOutput(context) }
    }

    private func fail(_ error: RPCError, _ context: ChannelHandlerContext) {
        guard !isClosed else { return }
        isClosed = true
        service.connectionFailed(error, peer: peer)
        context.close(promise: nil)
    }

    /// From now on every new call is answered FAILED at once: the server is stopping.
    func refuse() { isRefusing = true }

    /// Closes when the open calls are answered: our side first, so that no answer is lost to a reset; then the peer's.
    func closeWhenIdle() {
        closesWhenIdle = true
        if open.isEmpty, let context { finishOutput(context) }
    }

    private func finishOutput(_ context: ChannelHandlerContext) {
        closesWhenIdle = false
        context.close(mode: .output, promise: nil)
    }
}

extension SocketAddress {
    /// `host:port` as an operator writes it; IPv6 in brackets.
    package var hostAndPort: String {
        let host = ipAddress ?? description
        return host.contains(":") ? "[\(host)]:\(port ?? 0)" : "\(host):\(port ?? 0)"
    }
}
