internal import NIOCore
internal import NIOHTTP1

/// One connection of the monitoring server: takes whole requests, answers each in one write.
///
/// The pipeline handler in front lets one request through at a time. A client that does not read its replies holds back
/// its own next request, and is closed when a reply takes too long.
final class MonitoringHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let routes: MonitoringRoutes
    private let limits: MonitoringLimits
    private var head: HTTPRequestHead?
    /// `head` is a whole request whose reply waits: for the client to read the earlier ones, or for its turn.
    private var isWaiting = false
    private var isAnswering = false
    /// The last reply is written; nothing more is read.
    private var isClosing = false
    private var deadline: Scheduled<Void>?

    init(routes: MonitoringRoutes, limits: MonitoringLimits) {
        self.routes = routes
        self.limits = limits
    }

    func channelActive(context: ChannelHandlerContext) {
        closeUnlessHeard(in: limits.idle, context: context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosing = true
        deadline?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        switch Self.unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            isWaiting = true
            answer(context: context)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        answer(context: context)
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError else {
            // The connection broke, or bytes came after a request that could not be read.
            if !isClosing { context.close(promise: nil) }
            return
        }
        guard !isClosing else { return }
        head = nil
        send(.refusal(.badRequest), version: .http1_1, isKept: false, hasBody: true, context: context)
    }

    /// Answers what waits, once. The end of a reply brings the next pipelined request from inside of this call: that one
    /// gets the loop's next turn, so that a thousand of them neither nest nor keep the loop from others.
    private func answer(context: ChannelHandlerContext) {
        guard isWaiting, !isAnswering, !isClosing, context.channel.isWritable, let head else { return }
        isWaiting = false
        isAnswering = true
        self.head = nil
        // After an upgrade that nobody made, the parser would read nothing more.
        let isKept = head.isKeepAlive && head.method != .CONNECT && !head.headers.contains(name: "upgrade")
        send(
            routes.reply(method: head.method.rawValue, target: head.uri),
            version: head.version,
            isKept: isKept,
            hasBody: head.method != .HEAD,
            context: context
        )
        isAnswering = false
        if isWaiting { context.eventLoop.assumeIsolated().execute { self.answer(context: context) } }
    }

    private func send(
        _ reply: MonitoringReply,
        version: HTTPVersion,
        isKept: Bool,
        hasBody: Bool,
        context: ChannelHandlerContext
    ) {
        isClosing = !isKept
        closeUnlessHeard(in: limits.idle, context: context)
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: reply.contentType)
        headers.add(name: "Content-Length", value: String(reply.body.count))
        if !isKept {
            headers.add(name: "Connection", value: "close")
        } else if version.minor == 0 {
            headers.add(name: "Connection", value: "keep-alive")
        }
        let head = HTTPResponseHead(version: version, status: reply.status, headers: headers)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess { [self] in
            closeUnlessHeard(in: isClosing ? limits.linger : limits.idle, context: context)
            if isClosing { context.channel.close(mode: .output, promise: nil) }
        }
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        if hasBody {
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: reply.body)))), promise: nil)
        }
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: written)
    }

    private func closeUnlessHeard(in time: TimeAmount, context: ChannelHandlerContext) {
        deadline?.cancel()
        let channel = context.channel
        guard channel.isActive else { return }
        deadline = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }
}
