import NIOCore
import Secure
import Synchronization

/// The end of a pipeline: keeps all that arrives, and lets a test wait for it.
final class Recorder: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    struct Log {
        var received = ByteBuffer()
        /// How many channelReads there were.
        var reads = 0
        var handshake: TLSHandshakeCompleted?
        var peerClosed: [Bool] = []
        var inputClosed = 0
        var errors: [any Error] = []
        var isActive = false
        var isInactive = false

        var tlsErrors: [TLSError] { self.errors.compactMap { $0 as? TLSError } }
        var lines: [String] { self.errors.map { "\($0)" } }
    }

    private struct Waiter {
        let condition: @Sendable (Log) -> Bool
        let continuation: CheckedContinuation<Log, Never>
    }

    private struct State {
        var log = Log()
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())
    private let echoes: Bool

    init(echoes: Bool = false) {
        self.echoes = echoes
    }

    var log: Log { self.state.withLock { $0.log } }

    /// Waits until `condition` holds; at the channel's end it returns whatever there is.
    func wait(for condition: @escaping @Sendable (Log) -> Bool) async -> Log {
        await withCheckedContinuation { continuation in
            let now = self.state.withLock { state -> Log? in
                if condition(state.log) || state.log.isInactive { return state.log }
                state.waiters.append(Waiter(condition: condition, continuation: continuation))
                return nil
            }
            if let now { continuation.resume(returning: now) }
        }
    }

    func closed() async -> Log { await self.wait { _ in false } }
    func handshake() async -> TLSHandshakeCompleted? { await self.wait { $0.handshake != nil }.handshake }
    func received(_ count: Int) async -> ByteBuffer { await self.wait { $0.received.readableBytes >= count }.received }

    private func change(_ body: (inout Log) -> Void) {
        let ready = self.state.withLock { state -> ([Waiter], Log) in
            body(&state.log)
            let log = state.log
            let ready = state.waiters.filter { $0.condition(log) || log.isInactive }
            state.waiters.removeAll { $0.condition(log) || log.isInactive }
            return (ready, log)
        }
        for waiter in ready.0 { waiter.continuation.resume(returning: ready.1) }
    }

    func channelActive(context: ChannelHandlerContext) {
        self.change { $0.isActive = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = self.unwrapInboundIn(data)
        if self.echoes { context.write(self.wrapOutboundOut(buffer), promise: nil) }
        self.change {
            $0.reads += 1
            $0.received.writeBuffer(&buffer)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if self.echoes { context.flush() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        self.change { log in
            switch event {
            case let completed as TLSHandshakeCompleted: log.handshake = completed
            case let closed as TLSPeerClosed: log.peerClosed.append(closed.closedCleanly)
            case ChannelEvent.inputClosed: log.inputClosed += 1
            default: break
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.change { $0.errors.append(error) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.change { $0.isInactive = true }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.change { $0.isInactive = true }
    }
}
