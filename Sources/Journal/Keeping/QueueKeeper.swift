/// The cursor, the release of segments and the reading back; owned by the keeper thread.
struct QueueKeeper<FileSystem: JournalFileSystem>: Sendable {
    let files: FileSystem
    let options: JournalOptions
    let paths: SegmentPaths
    private var cursor: CursorFiles<FileSystem>
    private var reader: BacklogReader<FileSystem>
    /// What was written last; `nil`: it must be written whatever it is.
    private var last: CursorContent?
    private var writtenAt: UInt64 = 0
    private var firstUnsyncedAt: UInt64?
    private var retryAt: UInt64 = 0
    private(set) var trouble: String?
    private(set) var writes: UInt64 = 0
    private(set) var syncs: UInt64 = 0
    private(set) var readAgainAt: UInt64?
    /// Whether `keep` looks for what was delivered at the time that it told, so that nobody needs to say that something was.
    private(set) var looksAgain = false

    init(files: FileSystem, options: JournalOptions, cursor: CursorFiles<FileSystem>) {
        self.files = files
        self.options = options
        self.cursor = cursor
        paths = SegmentPaths(options)
        reader = BacklogReader(files: files, options: options)
    }

    /// Below this everything is done, and the disk knows.
    var syncedFloor: UInt64 { cursor.syncedFloor }

    // MARK: Starting

    /// Writes down what the start found, in the order that a crash at any step leaves the next start the same: first the
    /// cursor, which knows what is void, then the seals, then what is of no use goes.
    mutating func begin(_ recovered: inout RecoveredQueue) {
        let content = CursorContent(done: recovered.done, durable: recovered.end, nextSegment: recovered.nextSegment)
        do throws(FileSystemError) {
            try cursor.begin(after: recovered)
            try cursor.write(content, queue: recovered.queue)
            try cursor.sync()
            last = content
        } catch {
            fail(error)
            return
        }
        guard sealAll(recovered) else { return }
        let unused = recovered.segments.filter { $0.end == $0.first }
        recovered.segments.removeAll { $0.end == $0.first }
        for segment in unused {
            let isKept = recovered.spares.count < options.spareLimit
            if let spare = release(segment, isKept: isKept) { recovered.spares.append(spare) }
        }
        while recovered.spares.count > options.spareLimit {
            let spare = recovered.spares.removeLast()
            remove(paths.spare(spare.id, in: spare.directory))
        }
    }

    private func sealAll(_ recovered: RecoveredQueue) -> Bool {
        var areAllSealed = true
        for info in recovered.segments where recovered.unsealed.contains(info.id) && info.end > info.first {
            let seal = SegmentSeal(
                id: info.id,
                queue: recovered.queue,
                first: info.first,
                end: info.end,
                endOffset: info.endOffset
            )
            let path = paths.segment(info.id, in: info.directory)
            do throws(FileSystemError) {
                try seal.write(to: files.open(path))
            } catch {
                areAllSealed = false
                tell(.leftover, "the segment cannot be sealed: \(error)", path)
            }
        }
        return areAllSealed
    }

    // MARK: Cursor

    /// Writes and syncs where it is due. Returns when it must be called next, news or not.
    mutating func keep(_ content: CursorContent, queue: UInt64, now: UInt64, force: Bool) -> UInt64? {
        looksAgain = true
        if trouble != nil, now < retryAt, !force { return retryAt }
        var next: UInt64?
        do throws(FileSystemError) {
            if trouble != nil || last == nil || content.done != last?.done || (force && content != last) {
                guard force || trouble != nil || now >= writtenAt + options.cursorWriteInterval else {
                    return writtenAt + options.cursorWriteInterval
                }
                try cursor.write(content, queue: queue)
                writes += 1
                last = content
                writtenAt = now
                // In a steady flow of deliveries there is news by then.
                next = now + options.cursorWriteInterval
            } else {
                looksAgain = false
            }
            guard cursor.isUnsynced else { return next }
            let since = firstUnsyncedAt ?? now
            firstUnsyncedAt = since
            let due = since + options.cursorSyncInterval
            guard force || trouble != nil || now >= due else { return min(next ?? due, due) }
            try cursor.sync()
            syncs += 1
            firstUnsyncedAt = nil
            trouble = nil
        } catch {
            fail(error)
            looksAgain = true
            return retryAt
        }
        return next
    }

    private mutating func fail(_ error: FileSystemError) {
        let text = "the cursor cannot be kept: \(error); deliveries go on, those of now may come again after a restart"
        if trouble == nil { tell(.cursor, text, paths.checkpoint) }
        trouble = text
        last = nil
        retryAt = files.now() + options.retryInterval
    }

    // MARK: Segments

    /// Lets a segment go whose items are all done: to be written over, or away. Returns the spare.
    func release(_ segment: SegmentInfo, isKept: Bool) -> SegmentSpare? {
        let path = paths.segment(segment.id, in: segment.directory)
        do throws(FileSystemError) {
            if segment.isDamaged {
                try files.rename(path, to: paths.damaged(segment.id, in: segment.directory))
                tell(.leftover, "parts could not be read; the file is kept as damaged-\(segment.id.fileName)", path)
                return nil
            }
            let size = isKept ? try files.open(path).size() : 0
            // Nothing acknowledged depends on these: after a crash the segment is found done, and goes again.
            if isKept, size <= options.segmentSize {
                try files.rename(path, to: paths.spare(segment.id, in: segment.directory))
                return SegmentSpare(id: segment.id, directory: segment.directory, size: size)
            }
        } catch {
            tell(.leftover, "the segment cannot be released: \(error)", path)
            return nil
        }
        remove(path)
        return nil
    }

    private func remove(_ path: String) {
        do throws(FileSystemError) {
            try files.remove(path)
        } catch {
            tell(.leftover, "cannot be removed: \(error)", path)
        }
    }

    // MARK: Reading

    mutating func read(
        _ request: ReadRequest,
        as payload: any HeldPayload.Type
    ) throws(JournalError) -> ReadResult {
        do throws(JournalError) {
            let result = try reader.read(request, as: payload)
            readAgainAt = nil
            return result
        } catch {
            readAgainAt = files.now() + options.retryInterval
            throw error
        }
    }

    mutating func stopReading() {
        reader.close()
    }

    /// Reports a loss, with a copy of the place.
    mutating func tell(_ loss: Loss, of segment: SegmentInfo) {
        let kept = loss.span.isEmpty ? "" : "; " + reader.keep(loss.span, of: segment.id)
        let range = "\(loss.sequences.lowerBound)..<\(loss.sequences.upperBound)"
        let text = "\(loss.items) stored events are lost, items \(range): \(loss.reason)\(kept)"
        let path = paths.segment(segment.id, in: segment.directory)
        options.notice(JournalNotice(.lost, text, items: loss.items, path: path))
    }

    func tell(_ kind: JournalNotice.Kind, _ message: String, _ path: String) {
        options.notice(JournalNotice(kind, message, path: path))
    }

    mutating func close() {
        reader.close()
        cursor.close()
    }
}
