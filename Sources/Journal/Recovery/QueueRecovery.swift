/// Finds out what a queue holds, from its files, whatever a crash or a disk did to them. Never fails for what a segment
/// or a cursor contains.
///
/// Reads two blocks of each segment, and all of those that have no seal: normally at most the last one. Changes nothing;
/// what must be written is the opener's work.
struct QueueRecovery<FileSystem: JournalFileSystem>: Sendable {
    private typealias Found = FoundSegment<FileSystem.File>

    let files: FileSystem
    let options: JournalOptions
    let paths: SegmentPaths
    private var quarantine: Quarantine<FileSystem>
    private var done = SequenceSet()
    private var report = JournalReport()
    private var unsealed: [SegmentID] = []
    private var losses: [JournalDamage] = []
    private var tails: [UnsyncedTail] = []
    private let buffer = RawBuffer(count: 1 << 16)

    init(files: FileSystem, options: JournalOptions) {
        self.files = files
        self.options = options
        paths = SegmentPaths(options)
        quarantine = Quarantine(files: files, options: options)
    }

    /// - Parameter needsKeys: whether what is encrypted must be possible to open.
    mutating func run(
        _ cursor: CursorFiles<FileSystem>.Found,
        needsKeys: Bool = true
    ) throws(JournalError) -> RecoveredQueue {
        var names = try list()
        names.segments.sort { $0.id < $1.id }
        var slot = cursor.slot
        let queue = names.segments.lazy.compactMap(\.queue).first ?? slot?.queue ?? files.random()
        if let cursor = slot, cursor.queue != queue {
            let text = "the cursor is another queue's and is not believed: everything held is delivered anew"
            tell(JournalNotice(.cursor, text, path: paths.checkpoint))
            slot = nil
        }
        report.hadNoCursor = slot == nil && !names.segments.isEmpty
        if report.hadNoCursor, cursor.isDamaged {
            let text = "neither cursor is sound: everything held is delivered anew"
            tell(JournalNotice(.cursor, text, path: paths.checkpoint))
        }
        done = slot?.done ?? SequenceSet(floor: names.segments.lazy.compactMap(\.first).first ?? 0)
        let (segments, end) = walk(names.segments, slot, hasDoubtfulFront: cursor.isDamaged)
        if needsKeys { try checkKeys(segments) }
        report.segments = segments.count
        report.pendingItems = end - done.floor - done.countAbove
        let numbers = names.segments.map(\.id.number) + names.spares.map(\.id.number)
        return RecoveredQueue(
            queue: queue,
            generation: slot?.generation ?? 0,
            done: done,
            end: end,
            nextSegment: max(slot?.nextSegment ?? 0, (numbers.max() ?? 0) + 1),
            segments: segments,
            spares: names.spares,
            report: report,
            cursorSlot: slot == nil ? nil : cursor.index,
            unsealed: unsealed,
            losses: losses,
            tails: tails
        )
    }

    // MARK: Files

    private func list() throws(JournalError) -> (segments: [Found], spares: [SegmentSpare]) {
        var segments: [Found] = []
        var spares: [SegmentSpare] = []
        for (index, directory) in paths.data.enumerated() where !paths.data[..<index].contains(directory) {
            let names: [String]
            do throws(FileSystemError) {
                names = try files.names(in: directory)
            } catch {
                throw JournalError(
                    .unusable,
                    "cannot read the data directory \(directory): \(error); mount or repair it, or take it out of "
                        + "dataDirs, which gives up what is stored there",
                    cause: error
                )
            }
            for name in names.sorted() {
                guard let (id, isSpare) = SegmentID.parse(name) else { continue }
                let path = directory + "/" + name
                do throws(FileSystemError) {
                    let file = try files.open(path)
                    let size = try file.size()
                    if isSpare {
                        spares.append(SegmentSpare(id: id, directory: index, size: size))
                    } else {
                        segments.append(examine(file, id, index, path, size))
                    }
                } catch {
                    let text = "the segment cannot be opened and is left out: \(error)"
                    tell(JournalNotice(.leftover, text, path: path))
                }
            }
        }
        return (segments, spares)
    }

    private func examine(
        _ file: FileSystem.File,
        _ id: SegmentID,
        _ directory: Int,
        _ path: String,
        _ size: Int
    ) -> Found {
        let block = unsafe buffer[0..<SegmentHeader.framesStart]
        unsafe block.clear()
        // What cannot be read counts as damaged; each block says enough alone.
        for at in [0, SegmentSeal.offset] {
            let part = unsafe UnsafeMutableRawBufferPointer(rebasing: block[at..<(at + SegmentSeal.offset)])
            _ = unsafe try? file.readAll(into: part, at: at)
        }
        let seal = unsafe UnsafeRawBufferPointer(rebasing: block[SegmentSeal.offset...])
        return unsafe Found(
            id: id,
            directory: directory,
            path: path,
            file: file,
            size: size,
            header: SegmentHeader.decode(blocks: UnsafeRawBufferPointer(block), id: id),
            seal: SegmentSeal.decode(seal, id: id)
        )
    }

    private func checkKeys(_ segments: [SegmentInfo]) throws(JournalError) {
        for segment in segments where !segment.parameters.isEmpty && segment.end > done.floor {
            guard let cipher = options.cipher else {
                let path = paths.segment(segment.id, in: segment.directory)
                throw JournalError(.key, "\(path) is encrypted and no key is configured (encryption.keyProvider)")
            }
            _ = try cipher.segment(segment.parameters)
        }
    }

    // MARK: Sequences

    /// Goes through the segments in order; what is missing between them is lost unless it is done.
    private mutating func walk(
        _ found: [Found],
        _ slot: CursorSlot?,
        hasDoubtfulFront: Bool
    ) -> (segments: [SegmentInfo], end: UInt64) {
        var segments: [SegmentInfo] = []
        var end = done.floor
        var isFront = true
        for (index, segment) in found.enumerated() {
            let extent = extent(of: segment, before: found[(index + 1)...], after: end, slot)
            guard extent.end > extent.first else {
                // Named, never used: of no consequence whatever its header says.
                segments.append(info(segment, extent))
                continue
            }
            if extent.first > end {
                if isFront, hasDoubtfulFront {
                    // The newer cursor is gone; by it, earlier segments were released.
                    let text = "one cursor is damaged; what lies before the first segment counts as delivered"
                    tell(JournalNotice(.cursor, text, path: paths.checkpoint))
                    done.insert(end..<extent.first)
                } else {
                    lose(end..<extent.first, 0..<0, of: segment, "no segment holds them")
                }
            }
            isFront = false
            end = max(end, extent.end)
            segments.append(info(segment, extent))
        }
        if let durable = slot?.durable, durable > end {
            if let last = found.last {
                lose(end..<durable, 0..<0, of: last, "no segment holds them")
            } else {
                lose(end..<durable, path: paths.checkpoint, "no segment holds them")
            }
            end = durable
        }
        if done.end > end {
            // Lost at the end; or delivered before it was synced (`Sync.interval`), or on a disk that promised too much: what
            // lies between was never known to be stored. What is stored next must not count as done.
            done.insert(end..<done.end)
            end = done.end
        }
        return (segments, end)
    }

    private struct Extent {
        var first: UInt64
        var end: UInt64
        var endOffset: Int
        var isDamaged = false
    }

    private func info(_ segment: Found, _ extent: Extent) -> SegmentInfo {
        SegmentInfo(
            id: segment.id,
            directory: segment.directory,
            first: extent.first,
            end: extent.end,
            endOffset: extent.endOffset,
            isActive: false,
            parameters: segment.header?.parameters ?? [],
            isDamaged: extent.isDamaged
        )
    }

    /// Which sequences a segment holds.
    private mutating func extent(
        of segment: Found,
        before later: ArraySlice<Found>,
        after end: UInt64,
        _ slot: CursorSlot?
    ) -> Extent {
        if let seal = segment.seal {
            return Extent(first: seal.first, end: seal.end, endOffset: seal.endOffset)
        }
        // One that holds nothing is no bound: it may have been given up before it was used, and this one gone on with.
        let bound = later.first { $0.first != nil && holdsSomething($0) }?.first
        if let bound, bound <= done.floor {
            // Done as a whole: nothing of it is needed.
            return Extent(first: min(segment.first ?? bound, bound), end: bound, endOffset: SegmentHeader.framesStart)
        }
        // Behind this segment stands another, which was begun when all of this one was synced.
        let synced = bound ?? max(later.lazy.compactMap(\.first).first ?? 0, slot?.durable ?? 0)
        return scan(segment, bound: bound, synced: synced, after: end)
    }

    private func holdsSomething(_ segment: Found) -> Bool {
        if let seal = segment.seal { return seal.end > seal.first }
        var walker = walker(over: segment)
        while let step = try? walker.next(wanted: 0) {
            switch step {
            case .frame(_, _, .sound): return true
            case .frame, .damage: continue
            case .end: return false
            }
        }
        return false
    }

    private func walker(over segment: Found) -> FrameWalker<FileSystem.File> {
        FrameWalker(
            segment.file,
            id: segment.id,
            offset: SegmentHeader.framesStart,
            limit: max(segment.size, SegmentHeader.framesStart),
            // Without a header nothing is known of where it begins: before what is done, perhaps.
            expected: segment.first ?? 0,
            toleratesErrors: true,
            chunk: 1 << 20,
            buffer: buffer
        )
    }

    private mutating func scan(_ segment: Found, bound: UInt64?, synced: UInt64, after end: UInt64) -> Extent {
        report.scannedSegments += 1
        unsealed.append(segment.id)
        // One that was given up unused may say that it begins before the end of those that were gone on with.
        let first = max(segment.first ?? end, end)
        var scan = TailScan(first: first, synced: synced)
        var walker = walker(over: segment)
        while let step = try? walker.next(wanted: 0) {
            if case .damage(let bytes) = step {
                scan.damage(bytes)
            } else if case .frame(let header, let offset, let content) = step {
                // From the next segment's first item on, what stands here was refused and written there again.
                if let bound, header.first >= bound { break }
                scan.frame(header, offset: offset, isSound: content == .sound)
            } else {
                break
            }
        }
        let (void, lost) = scan.finish()
        for range in void { done.insert(range) }
        for span in lost { lose(span.sequences, span.bytes, of: segment, "no frame verifies there") }
        reportTail(scan, segment)
        if let start = scan.unsyncedStart, start < scan.endOffset {
            tails.append(UnsyncedTail(path: segment.path, bytes: start..<scan.endOffset))
        }
        return Extent(
            first: min(first, scan.firstFrame ?? first),
            end: scan.end,
            endOffset: scan.endOffset,
            isDamaged: walker.unreadable > 0
        )
    }

    /// Says what stands behind the last frame, where that is more than the zeros of a file that was made ahead.
    private mutating func reportTail(_ scan: TailScan, _ segment: Found) {
        guard scan.endOffset + FrameHeader.size <= segment.size else { return }
        let bytes = unsafe buffer[0..<FrameHeader.size]
        guard (unsafe try? segment.file.readAll(into: bytes, at: scan.endOffset)) == FrameHeader.size else { return }
        let isFrame =
            unsafe FrameHeader.decode(
                UnsafeRawBufferPointer(bytes),
                seed: segment.id.seed,
                offset: scan.endOffset
            ) != nil
        guard isFrame else { return }
        let text = "an unfinished group at \(scan.endOffset) is left out; nobody was told that it is stored"
        report.tailBytes += FrameHeader.size
        tell(JournalNotice(.tail, text, path: segment.path))
    }

    // MARK: Loss

    private mutating func lose(_ range: Range<UInt64>, _ span: Range<Int>, of segment: Found, _ reason: String) {
        guard !done.contains(range) else { return }
        let kept = span.isEmpty ? "" : "; " + quarantine.keep(span, of: segment.file, id: segment.id)
        lose(range, path: segment.path, bytes: span, reason, kept)
    }

    private mutating func lose(
        _ range: Range<UInt64>,
        path: String,
        bytes: Range<Int> = 0..<0,
        _ reason: String,
        _ kept: String = ""
    ) {
        let items = done.insert(range)
        guard items > 0 else { return }
        report.lostItems += items
        let text = "\(items) stored events are lost, items \(range.lowerBound)..<\(range.upperBound): \(reason)\(kept)"
        losses.append(JournalDamage(.items, path, bytes, reason, items: items, sequences: range))
        tell(JournalNotice(.lost, text, items: items, path: path))
    }

    private func tell(_ notice: JournalNotice) {
        options.notice(notice)
    }
}
