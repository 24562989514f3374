internal import NIOCore

/// Stands in the listening socket's pipeline: pauses accepting when the system gives no more descriptors or memory.
///
/// accept(2) leaves the connection in the backlog then, and the socket readable: without a pause the loop would spin.
/// Established connections are not touched.
final class ListenerHandler: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias OutboundIn = Never

    /// How long until the next attempt.
    static let pause = TimeAmount.milliseconds(250)

    private let paused: @Sendable (String) -> Void
    private var isPausing = false
    private var isReadHeld = false

    /// - Parameter paused: called for each failed attempt, with the system's reason.
    init(paused: @escaping @Sendable (String) -> Void) {
        self.paused = paused
    }

    func read(context: ChannelHandlerContext) {
        if isPausing {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    /// Everything ends here: a connection that failed before it began is closed already.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, !isPausing else { return }
        isPausing = true
        paused(error.description)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
            self.isPausing = false
            guard self.isReadHeld else { return }
            self.isReadHeld = false
            context.read()
        }
    }
}
