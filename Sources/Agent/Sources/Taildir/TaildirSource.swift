internal import Logging
internal import NIOCore
internal import NIOPosix

/// Flume's taildir source: follows the files whose names match, line by line, and knows after a restart how far it was.
///
/// With a durable channel, or with `acknowledge = delivered`, no line is lost when the agent dies; what was not acknowledged
/// is read again.
final class TaildirSource: Source {
    static let type = TypeEntry(
        alias: "taildir",
        className: "org.apache.flume.source.taildir.TaildirSource",
        keys: TaildirSettings.keys + [AcknowledgeKeys.mode, AcknowledgeKeys.timeout],
        batchSize: .init("batchSize", default: 100)
    )

    /// How long a stop waits for deleted files to be read to their ends.
    private static let quietTime = TimeAmount.seconds(3)

    private let driver: TaildirDriver
    private let settings: TaildirSettings
    private let eventLoop: any EventLoop
    private let pool = NIOThreadPool(numberOfThreads: TaildirDriver.threads)
    private let logger: Logger

    init(_ context: SourceContext) throws(ConfigurationFault) {
        eventLoop = context.eventLoopGroup.next()
        settings = try TaildirSettings(context.settings, process: context.process)
        logger = context.logger
        driver = TaildirDriver(
            settings: settings,
            processor: context.processor,
            counters: context.counters,
            eventLoop: eventLoop,
            pool: pool,
            logger: context.logger
        )
    }

    func start() async throws(ComponentError) {
        for remark in settings.remarks { logger.warning("\(remark)") }
        pool.start()
        let store = PositionStore(path: settings.positionFile)
        let load: @Sendable () -> Result<(files: [FilePosition], isWhole: Bool), FileFailure> = {
            do throws(FileFailure) {
                try store.makeFolders()
                let loaded = try store.load()
                if !loaded.isWhole { store.setAside() }
                return .success(loaded)
            } catch {
                return .failure(error)
            }
        }
        guard let loaded = try? await pool.runIfActive(load) else { return }
        switch loaded {
        case .success(let (files, isWhole)):
            if !isWhole {
                logger.error(
                    "the position file is damaged; files that it does not name any more are read from their start",
                    metadata: ["file": "\(store.path)", "kept": "\(store.path).damaged", "entries": "\(files.count)"]
                )
            }
            await driver.begin(files)
        case .failure(let reason):
            throw ComponentError(
                .environment,
                "cannot use the position file `\(store.path)`: \(reason); make its folder writable or set `positionFile`"
            )
        }
    }

    func quiesce() async {
        let quiet = await driver.quiesce()
        let timer = eventLoop.scheduleTask(in: Self.quietTime) { [driver] in
            driver.assumeIsolated { $0.abandonAll() }
        }
        _ = try? await quiet.get()
        timer.cancel()
    }

    func stop(deadline: NIODeadline) async {
        await driver.abandonAll()
        let ended = await driver.end()
        // A disk that hangs must not hold up the stop for ever.
        let limit = max(deadline, .now() + .milliseconds(500))
        let promise = eventLoop.makePromise(of: Void.self)
        let timer = eventLoop.scheduleTask(deadline: limit) { promise.succeed() }
        ended.whenComplete { _ in promise.succeed() }
        _ = try? await promise.futureResult.get()
        timer.cancel()
        pool.shutdownGracefully { _ in }
    }
}
