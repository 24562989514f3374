internal import Synchronization

/// A queue of records on disk: bytes in, bytes out, acknowledged.
///
/// `append` is answered when the record is on stable storage; many appends in flight share one sync. Takes go in order and
/// are finished in any order; what is not delivered is taken again, before anything new. What was delivered is remembered
/// by a cursor that is written at once and synced every 100 ms, so that a killed process repeats what was out, and a power
/// failure that and up to 100 ms more.
///
/// Two threads of its own: one writes groups, one keeps the cursor, reads back what does not fit into memory, and
/// releases segments. Any thread may call; nothing blocks on a disk but `open` and `close`.
package final class DurableQueue<FileSystem: JournalFileSystem, Payload: JournalPayload>: Sendable {
    let files: FileSystem
    let options: JournalOptions
    let paths: SegmentPaths
    let queue: UInt64
    /// What was found at the start.
    package let report: JournalReport
    let state: Mutex<QueueState<Payload>>
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
    package init(_ files: FileSystem, _ options: JournalOptions, threads: Bool = true) throws(JournalError) {
        self.files = files
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

    /// Stores a record. `stored` is called once, on any thread and under no lock: when the record is on stable storage
    /// as `JournalOptions.sync` says, or with why it is not stored. Records are stored in the order of the calls.
    package func append(_ payload: Payload, stored: @escaping @Sendable (Result<Void, JournalError>) -> Void) {
        guard payload.itemCount > 0, payload.byteCount <= Self.recordLimit else {
            return stored(.failure(JournalError(.tooLarge, "a record has 1 item or more and up to 1 GiB")))
        }
        let record = WaitingRecord(payload, frameLimit: options.frameLimit, stored: stored)
        let failure = state.withLock { $0.append(record, limit: options.waitingLimit) }
        if let failure { return stored(.failure(failure)) }
        writerSignal.raise()
    }

    /// Bytes of one record at most: lengths in a frame have 32 bits.
    package static var recordLimit: Int { 1 << 30 }

    // MARK: Taking

    /// Takes up to `limit` items of about `bytes` bytes (one item at least), in order.
    ///
    /// Returns `nil` where fewer than `minimum` are there; `waker` then fires once when they are. Fewer are given where
    /// memory holds no more.
    package func take(
        upTo limit: Int,
        bytes: Int = 16 << 20,
        atLeast minimum: Int = 1,
        waking waker: JournalWaker? = nil
    ) -> JournalTake<Payload>? {
        let (take, mustRead) = state.withLock { state in
            let take = state.take(upTo: limit, bytes: bytes, atLeast: minimum, waking: waker)
            return (take, state.readRequest() != nil)
        }
        if mustRead { keeperSignal.raise() }
        return take
    }

    /// Ends a take, once. Returns how many items are done by it; their room is free.
    @discardableResult
    package func finish(_ ticket: UInt64, _ end: JournalEnd) -> Int {
        let (done, wake) = state.withLock { $0.finish(ticket, end) }
        if done > 0 { keeperSignal.raise() }
        for waker in wake { waker.wake() }
        return done
    }

    // MARK: Looking

    /// Items stored and not done, those taken included.
    package var pendingItems: UInt64 { state.withLock { $0.pending } }

    /// Why the queue cannot store, read or remember at this time; `nil` when it can.
    package var trouble: String? {
        state.withLock { $0.failure?.message ?? $0.fullTrouble ?? $0.readTrouble ?? $0.cursorTrouble }
    }

    package var counters: JournalCounters {
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

    /// Stores what waits, makes the cursor durable and gives the directories back. Blocks, for `JournalOptions.closeTimeout`
    /// at most; what is taken and not finished is taken again after the next start. A queue with threads lives until this is
    /// called; calling it again does nothing.
    ///
    /// - Returns: whether all that is done. Where a disk does not answer in time it is done when the disk does, should the
    ///   process live so long; else, as after a kill, what waits was never answered, and some deliveries come again.
    @discardableResult
    package func close() -> Bool {
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
        for run in [runWriter, runKeeper] as [@Sendable (DurableQueue) -> Void] {
            running.withLock { $0.count += 1 }
            let started = WorkerThread.start {
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

private func runWriter<FileSystem, Payload>(_ queue: DurableQueue<FileSystem, Payload>) {
    while !queue.state.withLock({ $0.isClosed && !$0.hasWaiting }) {
        switch queue.writerTurn() {
        case .again: continue
        case .idle: queue.writerSignal.wait(until: nil)
        case .until(let time): queue.writerSignal.wait(until: time)
        }
    }
}

private func runKeeper<FileSystem, Payload>(_ queue: DurableQueue<FileSystem, Payload>) {
    while !queue.state.withLock({ $0.isClosed }) {
        switch queue.keeperTurn() {
        case .again: continue
        case .idle: queue.keeperSignal.wait(until: nil)
        case .until(let time): queue.keeperSignal.wait(until: time)
        }
    }
}
