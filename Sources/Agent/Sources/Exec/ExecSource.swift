internal import NIOCore
internal import NIOPosix

/// Flume's exec source: each line that a command prints is an event.
///
/// While the channel is full the command waits: nothing is dropped. Across the agent's own death it promises nothing.
final class ExecSource: Source {
    static let type = TypeEntry(
        alias: "exec",
        className: "org.apache.flume.source.ExecSource",
        keys: ExecSettings.keys + [AcknowledgeKeys.mode, AcknowledgeKeys.timeout],
        batchSize: .init("batchSize", default: 20)
    )

    /// How long a stop waits for the lines that the command has written.
    private static let flushTime = TimeAmount.seconds(3)

    private let program: ExecProgram
    private let eventLoop: any EventLoop
    private let waiters = NIOThreadPool(numberOfThreads: 1)

    init(_ context: SourceContext) throws(ConfigurationFault) {
        eventLoop = context.eventLoopGroup.next()
        program = ExecProgram(
            settings: try ExecSettings(context.settings),
            processor: context.processor,
            counters: context.counters,
            eventLoop: eventLoop,
            waiters: waiters,
            logger: context.logger
        )
    }

    func start() async throws(ComponentError) {
        waiters.start()
        await program.launch()
    }

    func quiesce() async {
        let flushed = await program.stop()
        let timer = eventLoop.scheduleTask(in: Self.flushTime) { [program] in
            program.assumeIsolated { $0.abandon() }
        }
        _ = try? await flushed.get()
        timer.cancel()
    }

    func stop(deadline: NIODeadline) async {
        await program.abandon()
        waiters.shutdownGracefully { _ in }
    }
}
