/// A queue of records on disk: bytes in, bytes out, acknowledged.
///
/// `append` is answered when the record is on stable storage; many appends in flight share one sync. Takes go in order and
/// are finished in any order; what is not delivered is taken again, before anything new. What was delivered is remembered
/// by a cursor that is written at once and synced every 100 ms, so that a killed process repeats what was out, and a power
/// failure that and up to 100 ms more.
///
/// Any thread may call; nothing blocks on a disk but `init` and `close`. A queue with threads lives until it is closed.
package struct DurableQueue<FileSystem: JournalFileSystem, Payload: JournalPayload>: Sendable {
    private let engine: QueueEngine<FileSystem>

    /// Opens the queue in its directories, making them where they are not there yet.
    ///
    /// - Parameter threads: `false` for tests, which then call `writerTurn` and `keeperTurn` themselves.
    /// - Throws: `locked` where another has a directory, `unusable` where one cannot be read or written, `key` where a key
    ///   is missing.
    ///   What the files contain never makes it fail.
    package init(_ files: FileSystem, _ options: JournalOptions, threads: Bool = true) throws(JournalError) {
        engine = try QueueEngine(files, options, payload: Held<Payload>.self, threads: threads)
    }

    /// What was found at the start.
    package var report: JournalReport { engine.report }

    // MARK: Appending

    /// Stores a record. `stored` is called once, on any thread and under no lock: when the record is on stable storage
    /// as `JournalOptions.sync` says, or with why it is not stored. Records are stored in the order of the calls.
    package func append(_ payload: Payload, stored: @escaping @Sendable (Result<Void, JournalError>) -> Void) {
        let held = Held(payload)
        guard held.itemCount > 0, held.byteCount <= Self.recordLimit else {
            return stored(.failure(JournalError(.tooLarge, "a record has 1 item or more and up to 1 GiB")))
        }
        let record = WaitingRecord(
            held,
            frameLimit: engine.options.frameLimit,
            directLimit: engine.options.directLimit,
            stored: stored
        )
        engine.append(record)
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
        guard let taken = engine.take(upTo: limit, bytes: bytes, atLeast: minimum, waking: waker) else { return nil }
        return JournalTake(taken)
    }

    /// Ends a take, once. Returns how many items are done by it; their room is free.
    @discardableResult
    package func finish(_ ticket: UInt64, _ end: JournalEnd) -> Int { engine.finish(ticket, end) }

    // MARK: Looking

    /// Items stored and not done, those taken included.
    package var pendingItems: UInt64 { engine.counters.pendingItems }

    /// Why the queue cannot store, read or remember at this time; `nil` when it can.
    package var trouble: String? { engine.trouble }

    package var counters: JournalCounters { engine.counters }

    // MARK: Ending

    /// Stores what waits, makes the cursor durable and gives the directories back. Blocks, for `JournalOptions.closeTimeout`
    /// at most; what is taken and not finished is taken again after the next start. Calling it again does nothing.
    ///
    /// - Returns: whether all that is done. Where a disk does not answer in time it is done when the disk does, should the
    ///   process live so long; else, as after a kill, what waits was never answered, and some deliveries come again.
    @discardableResult
    package func close() -> Bool { engine.close() }

    // MARK: Turns, for a queue without threads

    /// Stores one group of what waits, and answers.
    @discardableResult
    package func writerTurn() -> Turn { engine.writerTurn() }

    /// Writes and syncs the cursor where it is due, releases what it covers, and reads on.
    @discardableResult
    package func keeperTurn() -> Turn { engine.keeperTurn() }
}
