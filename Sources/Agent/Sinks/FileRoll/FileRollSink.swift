internal import AvroRPC
internal import Events
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#endif

/// Flume's file_roll sink: events to files of a directory, a new one every interval.
///
/// A thread of its own writes; the event loop only hands over. Delivered means that write(2) has returned, as in Flume:
/// the file is not synced.
final class FileRollSink: Sink {
    static let type = TypeEntry(
        alias: "file_roll",
        className: "org.apache.flume.sink.RollingFileSink",
        keys: [
            KeySpec("sink.directory", required: true),
            KeySpec("sink.rollInterval"),
            KeySpec("sink.batchSize"),
            KeySpec("sink.serializer", form: .type(.eventSerializer), defaultType: "TEXT"),
            KeySpec("sink.pathManager", form: .type(.pathManager), defaultType: "DEFAULT"),
        ],
        batchSize: .init("sink.batchSize", default: 100)
    )

    /// Batches that wait for the thread at most.
    private static let longestQueue = 4

    private struct State {
        var reports: SinkReports?
        var held = 0
        var owesReady = false
        var roll: RepeatedTask?
        /// Nothing more is written: what is held is reported as not delivered.
        var isAbandoned = false
        var closing: EventLoopPromise<Void>?
    }

    let batchSize: Int
    private let settings: ComponentSettings
    private let directory: String
    /// `nil`: one file for ever.
    private let rollInterval: TimeAmount?
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let thread = NIOThreadPool(numberOfThreads: 1)
    /// Only `thread` locks it.
    private let file: Mutex<RollingFile>
    private let state = Mutex(State())

    init(_ context: SinkContext) throws(ConfigurationFault) {
        settings = context.settings
        eventLoop = context.eventLoop
        logger = context.logger
        directory = try settings.required("sink.directory")
        batchSize = try settings.int("sink.batchSize", default: 100, min: 1)
        let seconds = try settings.seconds("sink.rollInterval", default: .seconds(30), min: .min)
        rollInterval = seconds > .zero ? TimeAmount(clamping: seconds) : nil
        let names = try FileNames(settings, key: "sink.pathManager", now: { WallClock.milliseconds() })
        let text = try EventText(settings, key: "sink.serializer")
        file = Mutex(
            RollingFile(
                directory: directory,
                names: names,
                text: text,
                counters: context.counters,
                logger: context.logger
            )
        )
    }

    func start(_ reports: SinkReports) async throws(ComponentError) {
        try checkDirectory()
        thread.start()
        let failure = await onThread { file in Self.attempt { () throws(SinkFailure) in try file.roll() } }
        if let failure {
            thread.shutdownGracefully { _ in }
            throw .environment(settings, "sink.directory", failure.message)
        }
        state.withLock { $0.reports = reports }
        guard let rollInterval else { return }
        let task = eventLoop.scheduleRepeatedTask(initialDelay: rollInterval, delay: rollInterval) { _ in self.roll() }
        state.withLock { $0.roll = task }
    }

    private func checkDirectory() throws(ComponentError) {
        var status = stat()
        guard unsafe stat(directory, &status) == 0 else {
            let reason = SystemReason.text(of: errno)
            throw .environment(settings, "sink.directory", "`\(directory)`: \(reason)", advice: "make it first")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw .environment(settings, "sink.directory", "`\(directory)` is not a directory")
        }
    }

    func submit(_ batch: EventBatch, number: DeliveryNumber, deadline: NIODeadline?) -> Submission {
        let isFree = state.withLock { state in
            guard state.held < Self.longestQueue else {
                state.owesReady = true
                return false
            }
            state.held += 1
            return true
        }
        guard isFree else { return .busy }
        thread.submit { status in
            let mayWrite = status == .active && !self.state.withLock { $0.isAbandoned }
            let failure: SinkFailure? =
                mayWrite
                ? self.file.withLock { file in Self.attempt { () throws(SinkFailure) in try file.write(batch) } }
                : SinkFailure("the sink is stopping")
            self.finish(number, failure)
        }
        return .accepted
    }

    private func finish(_ number: DeliveryNumber, _ failure: SinkFailure?) {
        let (reports, isReady) = state.withLock { state in
            state.held -= 1
            defer { state.owesReady = false }
            return (state.reports, state.owesReady)
        }
        reports?.finished(number, failure.map { .notDelivered($0) } ?? .delivered)
        if isReady { reports?.ready() }
    }

    private func roll() {
        thread.submit { status in
            guard status == .active else { return }
            let failure = self.file.withLock { file in Self.attempt { () throws(SinkFailure) in try file.roll() } }
            guard let failure else { return }
            // The next batch tries again.
            self.state.withLock { $0.reports }?.unavailable(failure)
        }
    }

    func stop(deadline: NIODeadline) async {
        state.withLock { $0.roll }?.cancel()
        let closed = eventLoop.makePromise(of: Void.self)
        state.withLock { $0.closing = closed }
        thread.submit { status in
            if status == .active { self.file.withLock { $0.close() } }
            self.stopped()
        }
        let timer = eventLoop.scheduleTask(deadline: deadline) {
            self.state.withLock { $0.isAbandoned = true }
            self.stopped()
        }
        _ = try? await closed.futureResult.get()
        timer.cancel()
        thread.shutdownGracefully { _ in }
    }

    private func stopped() {
        let closing = state.withLock { state in
            defer { state.closing = nil }
            return state.closing
        }
        closing?.succeed()
    }

    private func onThread(
        _ work: @escaping @Sendable (inout RollingFile) -> SinkFailure?
    ) async -> SinkFailure? {
        await withCheckedContinuation { continuation in
            thread.submit { _ in continuation.resume(returning: self.file.withLock { work(&$0) }) }
        }
    }

    private static func attempt(_ work: () throws(SinkFailure) -> Void) -> SinkFailure? {
        do throws(SinkFailure) {
            try work()
            return nil
        } catch {
            return error
        }
    }
}
