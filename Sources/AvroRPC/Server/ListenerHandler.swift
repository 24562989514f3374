internal import NIOCore

/// Stands in the listening socket's pipeline: pauses accepting when the system gives no more descriptors or memory.
///
/// accept(2) leaves the connection in the backlog then, and the socket readable: without a pause the loop would spin.
/// Holding back `read` is not enough, because NIO takes a read that failed for one that is still to come; without
/// `autoRead` it stops to listen for readiness. Established connections are not touched.
final class ListenerHandler: ChannelInboundHandler {
    typealias InboundIn = any Channel

    /// How long until the next attempt.
    static let pause = TimeAmount.milliseconds(250)

    private let paused: @Sendable (String) -> Void
    private var isPausing = false

    /// - Parameter paused: called for each failed attempt, with the system's reason.
    init(paused: @escaping @Sendable (String) -> Void) {
        self.paused = paused
    }

    /// Everything ends here: a connection that failed before it began is closed already.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, !isPausing else { return }
        isPausing = true
        paused(error.description)
        listen(false, context)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
            self.isPausing = false
            self.listen(true, context)
        }
    }

    /// Fails on a closed socket only, which listens no more anyway.
    private func listen(_ isOn: Bool, _ context: ChannelHandlerContext) {
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }
}
