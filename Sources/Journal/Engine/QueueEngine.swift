internal import Synchronization

/// What a `DurableQueue` does, whatever its payloads are.
///
/// Two threads of its own: one writes groups, one keeps the cursor, reads back what does not fit into memory, and
/// releases segments.
///
/// Payloads are `any` objects here: with a type parameter that this module cannot know, none of its code would be specialized.
final class QueueEngine<FileSystem: JournalFileSystem>: Sendable {
    let files: FileSystem
    let options: JournalOptions
    let paths: SegmentPaths
    let queue: UInt64
    let payload: any HeldPayload.Type
    /// What was found at the start.
    let report: JournalReport
    let state: Mutex<QueueState>
    let writer: Mutex<GroupWriter<FileSystem>>
    let keeper: Mutex<QueueKeeper<FileSystem>>
    let writerSignal = Signal()
    let keeperSignal = Signal()
    private let locks: Mutex<[FileSystem.Lock]>
    private let threads: Bool
    private let ended = Signal()
    private let running = Mutex(Running())

    /// The threads that have not ended.
    private struct Running {
        var count = 0
        /// `close` did not wait for them any longer: the last one does what is left to do.
        var isAlone = false
    }

    /// Opens the queue in its directories, making them where they are not there yet.
    ///
    /// - Parameter threads: `false` for tests, which then call `writerTurn` and `keeperTurn` themselves.
    /// - Throws: `locked` where another has a directory, `unusable` where one cannot be read or written, `key` where a key
    ///   is missing.
    ///   What the files contain never makes it fail.
    @specialized(where FileSystem == LocalFileSystem)
    init(
        _ files: FileSystem,
        _ options: JournalOptions,
        payload: any HeldPayload.Type,
        threads: Bool
    ) throws(JournalError) {
        self.files = files
        self.payload = payload
        self.options = options
        self.threads = threads
        let paths = SegmentPaths(options)
        self.paths = paths
        let locks = try Self.prepare(files, options, paths)
        var cursor = CursorFiles(files: files, paths: paths)
        let found = cursor.load()
        var recovery = QueueRecovery(files: files, options: options)
        var recovered = try recovery.run(found)
        for tail in recovered.tails { try tail.makeSafe(in: files) }
        queue = recovered.queue
        report = recovered.report
        var keeper = QueueKeeper(files: files, options: options, cursor: cursor)
        keeper.begin(&recovered)
        let writer = GroupWriter(
            files: files,
            options: options,
            queue: recovered.queue,
            end: recovered.end,
            nextNumber: recovered.nextSegment,
            lastDirectory: recovered.segments.last?.directory ?? options.dataDirectories.count - 1
        )
        state = Mutex(QueueState(options: options, recovered: recovered))
        self.locks = Mutex(locks)
        self.writer = Mutex(writer)
        self.keeper = Mutex(keeper)
        if threads { try startThreads() }
    }

    private static func prepare(
        _ files: FileSystem,
        _ options: JournalOptions,
        _ paths: SegmentPaths
    ) throws(JournalError) -> [FileSystem.Lock] {
        guard !options.dataDirectories.isEmpty else {
            throw JournalError(.unusable, "\(options.name) has no data directory")
        }
        var locks: [FileSystem.Lock] = []
        for directory in paths.all {
            let answer: LockAnswer<FileSystem.Lock>
            do throws(FileSystemError) {
                try files.makeDirectory(directory)
                answer = try files.lock(SegmentPaths.lock(in: directory), holder: options.name)
            } catch {
                throw JournalError(.unusable, "cannot use the directory \(directory): \(error)", cause: error)
            }
            switch answer {
            case .held(let lock):
                locks.append(lock)
            case .taken(let holder):
                throw JournalError(
                    .locked,
                    "the directory \(directory) is in use by \(holder.isEmpty ? "another process" : holder); "
                        + "give \(options.name) directories of its own, or stop the other"
                )
            }
        }
        return locks
    }

    // MARK: Appending

    @specialized(where FileSystem == LocalFileSystem)
    func append(_ record: WaitingRecord) {
        let failure = state.withLock { $0.append(record, limit: options.waitingLimit) }
        if let failure { return record.stored(.failure(failure)) }
        options.announcing(writerSignal)
    }

    // MARK: Taking

    @specialized(where FileSystem == LocalFileSystem)
    func take(
        upTo limit: Int,
        bytes: Int,
        atLeast minimum: Int,
        waking waker: JournalWaker?
    ) -> TakenPieces? {
        let (take, mustRead) = state.withLock { state in
            let take = state.take(upTo: limit, bytes: bytes, atLeast: minimum, waking: waker)
            return (take, state.readRequest() != nil)
        }
        if mustRead { keeperSignal.raise() }
        return take
    }

    @specialized(where FileSystem == LocalFileSystem)
    func finish(_ ticket: UInt64, _ end: JournalEnd) -> Int {
        let (done, wake, mustKeep) = state.withLock { state in
            let (done, wake) = state.finish(ticket, end)
            return (done, wake, done > 0 && state.isCursorNews())
        }
        if mustKeep { keeperSignal.raise() }
        for waker in wake { waker.wake() }
        return done
    }

    // MARK: Looking

    var trouble: String? {
        state.withLock { $0.failure?.message ?? $0.fullTrouble ?? $0.readTrouble ?? $0.cursorTrouble }
    }

    var counters: JournalCounters {
        state.withLock { state in
            var counters = state.counters
            counters.pendingItems = state.pending
            counters.segments = state.segments.count
            counters.windowBytes = state.windowBytes
            counters.waitingBytes = state.waitingBytes
            return counters
        }
    }

    // MARK: Ending

    @discardableResult
    func close() -> Bool {
        let isNews = state.withLock { state in
            defer { state.close() }
            return !state.isClosed
        }
        guard isNews else { return true }
        if threads {
            writerSignal.raise()
            keeperSignal.raise()
            guard threadsEnd(until: files.now() + options.closeTimeout) else {
                let text =
                    "the disk does not answer, and the queue is left open: nothing that was acknowledged is lost, some of "
                    + "what was delivered may come again"
                options.notice(JournalNotice(.leftOpen, text, path: paths.checkpoint))
                return false
            }
        }
        finishClosing()
        return true
    }

    /// Whether the threads end in time; if not, the last one finishes the closing.
    private func threadsEnd(until deadline: UInt64) -> Bool {
        while running.withLock({ $0.count > 0 }) {
            let now = files.now()
            guard now < deadline else {
                return running.withLock { running in
                    running.isAlone = running.count > 0
                    return !running.isAlone
                }
            }
            ended.wait(until: min(deadline, now + 100_000_000))
        }
        return true
    }

    private func finishClosing() {
        while writerTurn() == .again {}
        writer.withLock { $0.close() }
        publishClosed()
        keeperClose()
        locks.withLock { $0 = [] }
    }

    // MARK: Threads

    private func startThreads() throws(JournalError) {
        let bodies: [(String, @Sendable (QueueEngine) -> Void)] = [
            ("journal-write", runWriter), ("journal-keep", runKeeper),
        ]
        for (name, run) in bodies {
            running.withLock { $0.count += 1 }
            let started = WorkerThread.start(name: name) {
                run(self)
                let isLast = self.running.withLock { running in
                    running.count -= 1
                    return running.count == 0 && running.isAlone
                }
                if isLast { self.finishClosing() }
                self.ended.raise()
            }
            guard started else {
                running.withLock { $0.count -= 1 }
                close()
                throw JournalError(.unusable, "cannot start a thread for \(options.name): the process has too many")
            }
        }
    }
}

private func runWriter<FileSystem>(_ queue: QueueEngine<FileSystem>) {
    while !queue.state.withLock({ $0.isClosed && !$0.hasWaiting }) {
        switch queue.writerTurn() {
        case .again: continue
        case .idle: queue.writerSignal.wait(until: nil)
        case .until(let time): queue.writerSignal.wait(until: time)
        }
    }
}

private func runKeeper<FileSystem>(_ queue: QueueEngine<FileSystem>) {
    while !queue.state.withLock({ $0.isClosed }) {
        switch queue.keeperTurn() {
        case .again: continue
        case .idle: queue.keeperSignal.wait(until: nil)
        case .until(let time): queue.keeperSignal.wait(until: time)
        }
    }
}
