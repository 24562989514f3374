internal import AvroRPC
internal import Events
internal import Logging
internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
internal import Glibc
#endif

/// Runs the exec source's command, again and again where it restarts, and moves its lines to the channels.
///
/// An actor on one event loop. One batch is with the channels at most, and one gathers; then nothing is read any more: the
/// pipe fills and the program waits. A life of the program is over when it has exited, its output is at its end, and every
/// line of it is acknowledged; only then is it reaped and started again.
actor ExecProgram {
    /// How long a program whose output has ended has until it is told to exit, and told until it is killed; also the time
    /// between SIGTERM and SIGKILL at a stop.
    private static let grace = TimeAmount.seconds(1)

    nonisolated let eventLoop: any EventLoop
    private nonisolated let executor: any SerialExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    let settings: ExecSettings
    let counters: SourceCounters
    let cutLines: Counter
    let logger: Logger
    let put: PersistentPut
    private let waiters: NIOThreadPool

    /// One start of the program.
    private struct Life {
        var child: ChildProcess
        var output: (any NIOCore.Channel)?
        var errors: (any NIOCore.Channel)?
        var isOutputOpen = true
        var hasExited = false
    }

    private var life: Life?
    private var run = 0
    private var restart: Scheduled<Void>?
    private var isStopping = false
    private var whenIdle: [EventLoopPromise<Void>] = []

    /// What `ExecProgram+Lines` works with.
    var batcher: LineBatcher
    var isPutting = false
    var isPumping = false
    var isReading = false
    /// Nothing is put any more.
    var isAbandoned = false
    var flushAt: NIODeadline?
    var timer: Scheduled<Void>?

    /// - Parameter waiters: a started pool of one thread, which blocks while the program runs.
    init(
        settings: ExecSettings,
        processor: ChannelProcessor,
        counters: SourceCounters,
        eventLoop: any EventLoop,
        waiters: NIOThreadPool,
        logger: Logger
    ) {
        self.settings = settings
        self.counters = counters
        self.eventLoop = eventLoop
        self.executor = eventLoop.executor
        self.waiters = waiters
        self.logger = logger
        cutLines = counters.group.counter("LineCutCount")
        put = PersistentPut(processor: processor, writeFails: counters.channelWriteFail)
        batcher = Self.batcher(settings)
    }

    private static func batcher(_ settings: ExecSettings) -> LineBatcher {
        LineBatcher(limits: .init(lines: settings.batchSize), charset: settings.charset)
    }

    nonisolated func onLoop(_ work: @escaping @Sendable (isolated ExecProgram) -> Void) {
        LoopHandover.run(on: eventLoop) { self.assumeIsolated(work) }
    }

    // MARK: - The program's lives

    /// Starts the program.
    func launch() {
        restart = nil
        guard !isStopping, life == nil else { return }
        let child: ChildProcess
        do throws(ChildProcess.SpawnError) {
            child = try ChildProcess.spawn(settings.arguments, readsErrors: settings.logsStandardError)
        } catch {
            logger.error(
                "cannot run the command",
                metadata: ["command": "\(settings.command)", "reason": "\(error)"]
            )
            ended(nil)
            return
        }
        run += 1
        batcher = Self.batcher(settings)
        isReading = false
        life = Life(child: child)
        let number = run
        waiters.submit { [eventLoop] state in
            guard state == .active else { return }
            child.waitUntilExited()
            eventLoop.execute { self.assumeIsolated { $0.exited(number) } }
        }
        openOutput(child.output, number)
        if let errors = child.errors { openErrors(errors, number) }
        logger.info("command started", metadata: ["command": "\(settings.command)", "pid": "\(child.pid)"])
    }

    private func openOutput(_ descriptor: CInt, _ number: Int) {
        NIOPipeBootstrap(group: eventLoop)
            .channelOption(.autoRead, value: false)
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ExecOutput(program: self, run: number))
                }
            }
            .takingOwnershipOfDescriptor(input: descriptor)
            .whenComplete { result in
                self.assumeIsolated { $0.opened(result, descriptor, number) }
            }
    }

    private func opened(_ result: Result<any NIOCore.Channel, any Error>, _ descriptor: CInt, _ number: Int) {
        switch result {
        case .success(let channel):
            guard number == run, life?.isOutputOpen == true else { return }
            life?.output = channel
            pump()
        case .failure(let error):
            ChildProcess.discard(descriptor)
            logger.error("cannot read the command's output", metadata: ["reason": "\(error)"])
            outputEnded(of: number)
        }
    }

    private func openErrors(_ descriptor: CInt, _ number: Int) {
        let logger = logger
        NIOPipeBootstrap(group: eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ErrorLines(logger: logger))
                }
            }
            .takingOwnershipOfDescriptor(input: descriptor)
            .whenComplete { result in
                self.assumeIsolated { program in
                    switch result {
                    case .success(let channel) where number == program.run && program.life != nil:
                        program.life?.errors = channel
                    case .success(let channel):
                        channel.close(promise: nil)
                    case .failure:
                        ChildProcess.discard(descriptor)
                    }
                }
            }
    }

    func received(_ bytes: ByteBuffer, of number: Int) {
        guard number == run, life != nil else { return }
        batcher.receive(bytes)
    }

    func readCompleted(of number: Int) {
        guard number == run else { return }
        isReading = false
        pump()
    }

    func outputEnded(of number: Int) {
        guard number == run, life?.isOutputOpen == true else { return }
        life?.isOutputOpen = false
        life?.output = nil
        batcher.end()
        pump()
        guard life?.hasExited == false else { return }
        // Flume destroys a program as soon as its output ends; this one may end by itself first.
        signal(after: Self.grace, SIGTERM, number)
        signal(after: Self.grace + Self.grace, SIGKILL, number)
    }

    private func signal(after delay: TimeAmount, _ signal: Int32, toGroup: Bool = false, _ number: Int) {
        eventLoop.scheduleTask(in: delay) {
            self.assumeIsolated { program in
                guard program.run == number, let life = program.life, toGroup || !life.hasExited else { return }
                life.child.send(signal, toGroup: toGroup)
            }
        }
    }

    private func exited(_ number: Int) {
        guard number == run else { return }
        life?.hasExited = true
        finishLife()
    }

    /// Asks for more output.
    func read() {
        guard let output = life?.output, !isReading else { return }
        isReading = true
        output.read()
    }

    /// Whether a partial batch must not wait any longer for more lines.
    var isLast: Bool { isStopping || batcher.isEnded }

    /// Ends this life when nothing of it is left to do.
    func finishLife() {
        guard let life, life.hasExited, !life.isOutputOpen, batcher.isDrained, !isPutting else { return }
        self.life = nil
        life.errors?.close(promise: nil)
        ended(life.child.reap())
    }

    private func ended(_ exit: ChildProcess.Exit?) {
        let metadata: Logger.Metadata = [
            "command": "\(settings.command)", "exit": "\(exit.map(\.description) ?? "not started")",
        ]
        if isStopping || !settings.restarts {
            logger.info("command ended", metadata: metadata)
            for promise in whenIdle { promise.succeed() }
            whenIdle = []
            return
        }
        logger.info(
            "command ended and is started again",
            metadata: metadata.merging(["after.ms": "\(settings.restartThrottle.nanoseconds / 1_000_000)"]) { $1 }
        )
        restart = eventLoop.scheduleTask(in: settings.restartThrottle) {
            self.assumeIsolated { $0.launch() }
        }
    }

    // MARK: - Stop

    /// Ends the program and puts what it has written. The future completes when all of it is acknowledged.
    func stop() -> EventLoopFuture<Void> {
        isStopping = true
        restart?.cancel()
        restart = nil
        guard let life else { return eventLoop.makeSucceededVoidFuture() }
        let promise = eventLoop.makePromise(of: Void.self)
        whenIdle.append(promise)
        life.child.send(SIGTERM, toGroup: true)
        signal(after: Self.grace, SIGKILL, toGroup: true, run)
        pump()
        return promise.futureResult
    }

    /// Gives up what is not acknowledged, and closes.
    func abandon() {
        isStopping = true
        isAbandoned = true
        put.close()
        timer?.cancel()
        timer = nil
        guard let life else { return }
        self.life = nil
        run += 1
        logger.warning(
            "stopped before all lines of the command were stored",
            metadata: ["command": "\(settings.command)", "gathered": "\(batcher.gathered)"]
        )
        life.output?.close(promise: nil)
        life.errors?.close(promise: nil)
        life.child.send(SIGKILL, toGroup: true)
        // Killed, it ends at once; its thread is told, and reaps it.
        if life.hasExited { _ = life.child.reap() } else { reapLater(life.child) }
        for promise in whenIdle { promise.succeed() }
        whenIdle = []
    }

    private func reapLater(_ child: ChildProcess) {
        // Also where the pool is shut down meanwhile: it is killed, so this takes no time.
        waiters.submit { _ in _ = child.reap() }
    }
}
