internal import AvroRPC
internal import Events
internal import NIOCore

/// One connection of the netcat source: lines in, a reply for each out, in order.
///
/// The lines of one read are one batch. While it is with the channels, or while the client does not read its replies,
/// nothing more is read.
final class NetcatHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What the source tells its connections.
    enum Order: Sendable {
        /// Read nothing more.
        case quiesce
        /// Close, after the replies that are due.
        case close
    }

    private let settings: NetcatSettings
    private let processor: ChannelProcessor
    private let counters: SourceCounters
    private let put: PersistentPut
    private var lines: NetcatLines
    private var isPutting = false
    /// A read that was asked for while none was allowed.
    private var owesRead = false
    private var isQuiet = false
    /// Close when nothing is with the channels.
    private var isClosing = false

    init(settings: NetcatSettings, processor: ChannelProcessor, counters: SourceCounters, put: PersistentPut) {
        self.settings = settings
        self.processor = processor
        self.counters = counters
        self.put = put
        lines = NetcatLines(encoding: settings.encoding, limit: settings.longestLine)
    }

    func handlerAdded(context: ChannelHandlerContext) { counters.openConnections.add(1) }
    func handlerRemoved(context: ChannelHandlerContext) { counters.openConnections.add(-1) }

    func read(context: ChannelHandlerContext) {
        if isPutting || isQuiet || isClosing || !context.channel.isWritable {
            owesRead = true
        } else {
            context.read()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        lines.receive(unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        advance(context)
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        readAgain(context)
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            isClosing = true
            advance(context)
        case Order.quiesce:
            isQuiet = true
        case Order.close:
            isQuiet = true
            isClosing = true
            advance(context)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// Does what is due now: puts what is complete, else closes or reads on.
    private func advance(_ context: ChannelHandlerContext) {
        guard !isPutting else { return }
        let batch = lines.take()
        if batch.isEmpty {
            finish(context)
        } else {
            offer(batch, context)
        }
    }

    private func offer(_ batch: EventBatch, _ context: ChannelHandlerContext) {
        isPutting = true
        counters.eventReceived.add(batch.count)
        let eventLoop = context.eventLoop
        let count = batch.count
        let own = NIOLoopBound((handler: self, context: context), eventLoop: eventLoop)
        let settled: @Sendable (ComponentError?) -> Void = { refusal in
            LoopHandover.run(on: eventLoop) { own.value.handler.settled(count, refusal, own.value.context) }
        }
        guard settings.acknowledges else {
            put.put(batch, on: eventLoop) { taken in
                settled(taken ? nil : ComponentError(.channelClosed, "the agent is stopping"))
            }
            return
        }
        let counters = counters
        processor.process(batch, on: eventLoop) { answer in
            guard case .refused(let error) = answer else {
                settled(nil)
                return
            }
            counters.channelWriteFail.add()
            settled(error)
        }
    }

    private func settled(_ count: Int, _ refusal: ComponentError?, _ context: ChannelHandlerContext) {
        isPutting = false
        if refusal == nil { counters.eventAccepted.add(count) }
        if settings.acknowledges {
            reply(refusal.map { "FAILED: \(Self.oneLine($0.message))\n" } ?? "OK\n", times: count, context)
        }
        advance(context)
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        switch lines.fault {
        case .tooLong?:
            let length = settings.longestLine
            reply("FAILED: Event exceeds the maximum length (\(length) chars, including newline)\n", times: 1, context)
            context.close(promise: nil)
        case .undecodable?:
            counters.eventReadFail.add()
            context.close(promise: nil)
        case nil where isClosing:
            context.close(promise: nil)
        case nil:
            readAgain(context)
        }
    }

    private func readAgain(_ context: ChannelHandlerContext) {
        guard owesRead, !isPutting, !isQuiet, !isClosing, context.channel.isWritable else { return }
        owesRead = false
        context.read()
    }

    private func reply(_ text: String, times: Int, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        var buffer = context.channel.allocator.buffer(capacity: text.utf8.count * times)
        for _ in 0..<times { buffer.writeString(text) }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    private static func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }
}
