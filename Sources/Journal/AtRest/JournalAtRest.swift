/// The files of a queue that nobody runs, read and never changed. While it lives, the queue cannot be opened.
package struct JournalAtRest: Sendable {
    package let segments: [StoredSegment]
    /// Items that a start would find to be delivered.
    package let pendingItems: UInt64

    let paths: SegmentPaths
    let recovered: RecoveredQueue
    private let files = ReadOnlyFileSystem()
    private let locks: [LocalLock]
    private let cursorDamage: [JournalDamage]

    /// - Throws: `locked` where a process has a directory, `unusable` where one cannot be read.
    package init(checkpointDirectory: String, dataDirectories: [String]) throws(JournalError) {
        let options = Self.options(checkpointDirectory, dataDirectories)
        try self.init(options, locks: Self.lock(SegmentPaths(options), ReadOnlyFileSystem(), holder: ""))
    }

    init(_ options: JournalOptions, locks: [LocalLock]) throws(JournalError) {
        let paths = SegmentPaths(options)
        self.paths = paths
        self.locks = locks
        var cursor = CursorFiles(files: files, paths: paths)
        let found = cursor.load()
        cursorDamage = found.damaged.map {
            JournalDamage(.structure, paths.cursor($0), 0..<CursorSlot.fixedSize, "the cursor does not verify")
        }
        var recovery = QueueRecovery(files: files, options: options)
        let recovered = try recovery.run(found, needsKeys: false)
        self.recovered = recovered
        pendingItems = recovered.report.pendingItems
        segments = recovered.segments.map { info in
            StoredSegment(
                path: paths.segment(info.id, in: info.directory),
                number: info.id.number,
                first: info.first,
                end: info.end,
                pending: recovered.done.missing(in: info.first..<info.end).reduce(0) {
                    $0 + ($1.upperBound - $1.lowerBound)
                },
                bytes: info.endOffset,
                isSealed: !recovered.unsealed.contains(info.id),
                isEncrypted: !info.parameters.isEmpty
            )
        }
    }

    static func options(_ checkpoint: String, _ data: [String]) -> JournalOptions {
        JournalOptions(name: "tributary journal", checkpointDirectory: checkpoint, dataDirectories: data)
    }

    static func lock<Files: JournalFileSystem>(
        _ paths: SegmentPaths,
        _ files: Files,
        holder: String
    ) throws(JournalError) -> [Files.Lock] {
        var locks: [Files.Lock] = []
        for directory in paths.all {
            let answer: LockAnswer<Files.Lock>
            do throws(FileSystemError) {
                // A directory that never was opened has no lock; looking at it makes none.
                guard try files.names(in: directory).contains("LOCK") else { continue }
                answer = try files.lock(SegmentPaths.lock(in: directory), holder: holder)
            } catch {
                throw JournalError(.unusable, "cannot use the directory \(directory): \(error)", cause: error)
            }
            switch answer {
            case .held(let lock):
                locks.append(lock)
            case .taken(let owner):
                let name = owner.isEmpty ? "another process" : owner
                throw JournalError(.locked, "the directory \(directory) is in use by \(name); stop it first")
            }
        }
        return locks
    }

    /// Reads every frame.
    package func check() throws(JournalError) -> JournalCheck {
        try unsafe check { (_, _) throws(JournalError) in }
    }

    /// Reads every frame. `body` has each sound one with its payload as it stands in the file, in order; it may open it in
    /// place (see `open`).
    package func check(
        _ body: (StoredFrame, UnsafeMutableRawBufferPointer) throws(JournalError) -> Void
    ) throws(JournalError) -> JournalCheck {
        var audit = SegmentAudit(files: files, paths: paths, done: recovered.done)
        for damage in cursorDamage + recovered.losses { audit.add(damage) }
        for segment in recovered.segments {
            try audit.blocks(of: segment)
            try unsafe audit.frames(of: segment, body)
        }
        return audit.check
    }

    /// Opens a frame's encrypted payload in place, with the key that its segment names.
    ///
    /// - Throws: `key` where that is not to be had; `unusable` where the segment's header, which names it, is damaged.
    package func open(
        _ sealed: UnsafeMutableRawBufferPointer,
        of frame: StoredFrame,
        with cipher: any JournalCipher
    ) throws(JournalError) -> UnsafeRawBufferPointer {
        let segment = recovered.segments.first { paths.segment($0.id, in: $0.directory) == frame.path }
        guard let parameters = segment?.parameters, !parameters.isEmpty else {
            throw JournalError(
                .unusable,
                "\(frame.path): the segment's header is damaged, and with it what opens its payloads"
            )
        }
        guard let count = try unsafe cipher.segment(parameters).open(sealed, offset: frame.offset) else {
            throw JournalError(.unusable, "\(frame.path):\(frame.offset): the payload does not open with its key")
        }
        return unsafe UnsafeRawBufferPointer(rebasing: sealed[..<count])
    }
}
