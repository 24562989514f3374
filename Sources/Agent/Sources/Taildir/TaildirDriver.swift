internal import AvroRPC
internal import DequeModule
internal import Events
internal import Logging
internal import NIOCore
internal import NIOPosix

/// Runs a taildir source: knows the files, has them looked at and read by a few threads, hands their events to the channels
/// and keeps the positions.
///
/// An actor on one event loop, which never blocks: every call that may is a job of the pool. Each file has one job at a
/// time and its own share of unacknowledged events, so that a file that is slow, unreadable or held up by its channel
/// keeps no other from moving.
actor TaildirDriver {
    /// Threads for blocking calls, and how many of them may look for contents at a time: to inflate large files takes long.
    static let threads = 4
    static let searches = 2
    /// Bytes, and batches, of one file that may be unacknowledged before it is read on.
    static let heldBytes = 2 << 20
    static let heldBatches = 256
    /// Bytes of all files; each may have one read's worth whatever the others hold.
    static let heldBytesOfAll = 12 << 20
    /// Between two looks at what writers did; also the longest that a new line waits to be seen.
    static let watchPause = TimeAmount.milliseconds(10)
    /// Between two reads of one file that was at its end.
    static let readPause = TimeAmount.milliseconds(10)
    /// How long a file that begins like another must stay as it is until it is compared, and how often it is looked at.
    static let suspicion = TimeAmount.seconds(1)
    static let suspicionLook = TimeAmount.milliseconds(200)
    /// After a channel's refusal, doubling.
    static let firstRefusalPause = TimeAmount.milliseconds(100)
    static let longestRefusalPause = TimeAmount.seconds(1)
    /// How long, and how many, renamed files are gone after.
    static let chaseTime = TimeAmount.seconds(10)
    static let longestChase = 1024
    /// How many new files are held because they may be copies, and how long; and how long a past content is remembered.
    static let mostCandidates = 16
    static let candidateTime = TimeAmount.seconds(60)
    static let pastTime = TimeAmount.seconds(30)
    /// Between two looks at a gzip file that is not whole, doubling; how long it may stay as it is until that is told; and
    /// until it is given up.
    static let firstLookPause = TimeAmount.milliseconds(250)
    static let longestLookPause = TimeAmount.seconds(2)
    static let unfinishedTime = TimeAmount.seconds(5)
    static let longestSearch = TimeAmount.minutes(10)
    /// How often Flume looks for idle files (TaildirSource, `checkIdleInterval`).
    static let idleLook = TimeAmount.seconds(5)

    /// One content of a file, from its first byte to the time when it is emptied or gone.
    struct Content {
        var progress: Progress
        /// Its first bytes, as far as they were read.
        var head: [UInt8]
        /// Files and parcels that refer to it.
        var users = 1
    }

    /// What is known of a file that was renamed.
    struct Chase {
        /// The name that matched.
        var first: String
        /// Which file it is; nil where whatever had the name that matched is meant.
        var key: FileKey?
        var since: NIODeadline
    }

    nonisolated let eventLoop: any EventLoop
    private nonisolated let executor: any SerialExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    let settings: TaildirSettings
    let processor: ChannelProcessor
    let counters: SourceCounters
    let longLines: Counter
    let log: ThrottledLog
    let logger: Logger
    private let pool: NIOThreadPool
    let blocks = ReadBlocks()
    let scanner: FolderScanner
    let store: PositionStore

    var files: [Int: TailedFile] = [:]
    var byKey: [FileKey: Int] = [:]
    var byPath: [String: Int] = [:]
    /// Files of the position file that have not been seen yet, by inode.
    var unseen: [UInt64: [Int]] = [:]
    var contents: [Int: Content] = [:]
    private var nextNumber = 0
    var heldBytes = 0

    var watch: FolderWatch?
    /// Tells of new files at once, however busy the writers are: a copy may be compressed and gone within milliseconds.
    var births: FolderWatch?
    /// Names, none of which matches, that files were renamed to.
    var chased: [String: Chase] = [:]
    /// New files, held open for a while: one may be a copy.
    var candidates: [(path: String, file: OpenFile, since: NIODeadline)] = []
    /// Contents whose files hold something else now; a copy of one may still turn up.
    var past: Set<Int> = []
    /// Contents that are looked for: their files hold something else now, or are gone.
    var sought: [Int: SoughtContent] = [:]
    /// Those whose turn has not come, and how many are being looked for.
    var searchQueue: Deque<Int> = []
    var searching = 0
    /// Contents whose files are gone; gzip files of them may still turn up.
    var gone: Set<Int> = []
    var isScanning = false
    var wantsScan = false
    var isFirstScan = true
    var looks: Int64 = 0
    var watchesAll = false
    var scanTimer: Scheduled<Void>?
    var suspectTimer: Scheduled<Void>?
    private var idleTask: RepeatedTask?
    private var positionTask: RepeatedTask?
    var isSaving = false
    var lastSaved: [FilePosition]?

    private(set) var isStopping = false
    private var jobs = 0
    private var whenQuiet: [EventLoopPromise<Void>] = []

    init(
        settings: TaildirSettings,
        processor: ChannelProcessor,
        counters: SourceCounters,
        eventLoop: any EventLoop,
        pool: NIOThreadPool,
        logger: Logger
    ) {
        self.settings = settings
        self.processor = processor
        self.counters = counters
        self.eventLoop = eventLoop
        executor = eventLoop.executor
        self.pool = pool
        self.logger = logger
        log = ThrottledLog(logger)
        longLines = counters.group.counter("LineCutCount")
        scanner = FolderScanner(groups: settings.groups, keepsListings: settings.keepsListings)
        store = PositionStore(path: settings.positionFile)
    }

    nonisolated func onLoop(_ work: @escaping @Sendable (isolated TaildirDriver) -> Void) {
        LoopHandover.run(on: eventLoop) { self.assumeIsolated(work) }
    }

    /// Runs what may block on a thread of the pool, and `then` with its result back here.
    func job<Result: Sendable>(
        _ work: @escaping @Sendable () -> Result,
        then: @escaping @Sendable (isolated TaildirDriver, Result) -> Void
    ) {
        jobs += 1
        pool.submit { [eventLoop] state in
            guard state == .active else { return }
            let result = work()
            eventLoop.execute {
                self.assumeIsolated { driver in
                    driver.jobs -= 1
                    then(driver, result)
                    driver.noteQuiet()
                }
            }
        }
    }

    func number() -> Int {
        nextNumber += 1
        return nextNumber
    }

    // MARK: - Life

    /// Begins with what the position file said.
    func begin(_ stored: [FilePosition]) {
        for position in stored {
            if position.isSought { recall(position) } else { remember(position) }
        }
        watch = FolderWatch.open(FolderEvents.all, pause: Self.watchPause, on: eventLoop) { events in
            self.assumeIsolated { $0.told(events) }
        }
        births = FolderWatch.open(FolderEvents.births, pause: .zero, on: eventLoop) { events in
            self.assumeIsolated { $0.born(events) }
        }
        let idle = min(Self.idleLook, max(.milliseconds(10), settings.idleTimeout))
        idleTask = eventLoop.scheduleRepeatedTask(initialDelay: idle, delay: idle) { _ in
            self.assumeIsolated { $0.closeIdle() }
        }
        positionTask = eventLoop.scheduleRepeatedTask(
            initialDelay: settings.writeInterval,
            delay: settings.writeInterval
        ) { _ in
            self.assumeIsolated { $0.save() }
        }
        scan()
    }

    /// Takes in nothing new; what is deleted and cannot be found again is read to its end. The future completes when no
    /// more comes.
    func quiesce() -> EventLoopFuture<Void> {
        isStopping = true
        scanTimer?.cancel()
        suspectTimer?.cancel()
        idleTask?.cancel()
        watch?.close()
        births?.close()
        for file in files.values where !mustFinish(file) { abandon(file) }
        for file in files.values where mustFinish(file) { read(file) }
        let promise = eventLoop.makePromise(of: Void.self)
        whenQuiet.append(promise)
        noteQuiet()
        return promise.futureResult
    }

    /// Offers no more.
    func abandonAll() {
        for file in files.values {
            if mustFinish(file), file.held > 0 || file.hasRest || file.hasMore { reportLost(file) }
            abandon(file)
        }
        for promise in whenQuiet { promise.succeed() }
        whenQuiet = []
    }

    /// Writes the last positions, closes the files.
    func end() -> EventLoopFuture<Void> {
        isStopping = true
        positionTask?.cancel()
        watch?.close()
        births?.close()
        idleTask?.cancel()
        scanTimer?.cancel()
        let promise = eventLoop.makePromise(of: Void.self)
        saveLast(promise)
        return promise.futureResult
    }

    private func saveLast(_ promise: EventLoopPromise<Void>) {
        guard !isSaving else {
            eventLoop.scheduleTask(in: .milliseconds(5)) { self.assumeIsolated { $0.saveLast(promise) } }
            return
        }
        save { driver in
            for file in driver.files.values {
                file.reader = nil
                file.unread = nil
            }
            driver.candidates = []
            promise.succeed()
        }
    }

    private func reportLost(_ file: TailedFile) {
        logger.warning(
            "the rest of a deleted file is lost: its channel had no room before the stop; keep files until they are read",
            metadata: [
                "file": "\(file.path)", "offset": "\(contents[file.content]?.progress.delivered.offset ?? 0)",
            ]
        )
    }

    private func abandon(_ file: TailedFile) {
        file.parcels.removeAll()
        file.passage?.abandon()
        file.passage = nil
        file.offering = nil
        file.hasMore = false
        if case .reading = file.phase { file.phase = .closed }
    }

    func noteQuiet() {
        guard isStopping, !whenQuiet.isEmpty, jobs == 0 else { return }
        for file in files.values where mustFinish(file) {
            guard file.offering == nil, file.parcels.isEmpty else { return }
            if file.hasRest {
                finish(file)
                return
            }
            if file.hasMore { return }
        }
        for promise in whenQuiet { promise.succeed() }
        whenQuiet = []
    }

    /// Whether nobody can read the file any more when the agent has ended.
    func mustFinish(_ file: TailedFile) -> Bool {
        guard case .reading = file.phase else { return false }
        return file.isDeleted
    }
}
