/// Writes groups of records, each with one write and one sync; owned by the writer thread.
///
/// The steps that make a group durable, in order: make room in the file (zeros, once in a file's life), write, sync. A
/// new segment: name, header, sync, sync of the directory; its predecessor is sealed and synced before.
struct GroupWriter<FileSystem: JournalFileSystem>: ~Copyable, Sendable {
    /// Where a stored record is.
    struct Place: Hashable, Sendable {
        var first: UInt64
        var segment: SegmentID
        var offset: Int
    }

    /// What became of a group.
    enum Outcome: Sendable {
        /// So many records from the front are stored, the places of which are told.
        case stored([Place])
        /// The first record cannot be stored; nothing of it is.
        case refused(JournalError)
    }

    let files: FileSystem
    let options: JournalOptions
    let paths: SegmentPaths
    let queue: UInt64
    var directories: DirectoryChoice
    var active: ActiveSegment<FileSystem.File>?
    /// Sequence of the next item.
    var end: UInt64
    var nextNumber: UInt64
    /// Segments that were closed since the owner asked, in order.
    var closed: [SegmentInfo] = []
    var syncNanoseconds: UInt64 = 0
    private let staging = RawBuffer(count: 1 << 16)
    private let zeros: RawBuffer
    private var syncDue: UInt64 = 0

    init(
        files: FileSystem,
        options: JournalOptions,
        queue: UInt64,
        end: UInt64,
        nextNumber: UInt64,
        lastDirectory: Int
    ) {
        self.files = files
        self.options = options
        self.queue = queue
        self.end = end
        self.nextNumber = nextNumber
        paths = SegmentPaths(options)
        directories = DirectoryChoice(count: options.dataDirectories.count, last: lastDirectory)
        zeros = RawBuffer(count: min(max(options.fillStep, 4_096), 256 << 10))
        unsafe zeros.bytes.clear()
    }

    /// Stores records from the front, as many as go into one segment; at least one, or none at all.
    ///
    /// - Parameter spares: the released segments.
    mutating func store(_ records: ArraySlice<WaitingRecord>, spares: some SpareSource) -> Outcome {
        // Every failure takes a segment or a directory out of the choice, so this ends.
        while true {
            do throws(JournalError) {
                try prepare(records[records.startIndex], spares: spares)
            } catch {
                return .refused(error)
            }
            guard let segment = active else { continue }
            let group = plan(records, for: segment)
            do throws(FileSystemError) {
                try extend(to: segment.offset + group.bytes)
            } catch {
                reportTrouble(error, in: segment.directory)
                // Nothing of the group is written yet: the segment stays good, and stays where nothing else has room.
                if case .failure(let reason) = moveOn(needing: group.bytes, spares: spares) { return .refused(reason) }
                continue
            }
            do throws(FileSystemError) {
                var frames = FrameGroup(
                    segment,
                    synced: synced,
                    directLimit: options.directLimit,
                    staging: staging
                )
                try frames.write(records.prefix(group.places.count))
                try syncGroup(segment)
            } catch {
                abandon(error)
                continue
            }
            active?.offset += group.bytes
            active?.end = group.end
            end = group.end
            if directories.stored(segment.directory) {
                tell(.directoryBack, "there is room again; segments are written here", paths.data[segment.directory])
            }
            return .stored(group.places)
        }
    }

    private mutating func syncGroup(_ segment: ActiveSegment<FileSystem.File>) throws(FileSystemError) {
        switch options.sync {
        case .everyGroup:
            let start = files.now()
            try segment.file.sync()
            syncNanoseconds += files.now() - start
        case .interval(let interval):
            if !segment.isUnsynced { syncDue = files.now() + interval }
            active?.isUnsynced = true
        }
    }

    /// Syncs what `Sync.interval` left, when it is due. Returns when it is due next.
    mutating func syncWhenDue(force: Bool = false) -> UInt64? {
        guard let segment = active, segment.isUnsynced else { return nil }
        guard force || files.now() >= syncDue else { return syncDue }
        active?.isUnsynced = false
        do throws(FileSystemError) {
            try segment.file.sync()
        } catch {
            abandon(error)
        }
        return nil
    }

    /// Sequence below which everything is on stable storage.
    var synced: UInt64 {
        guard let active, active.isUnsynced else { return end }
        return active.first
    }

    // MARK: Planning

    private struct Group {
        var places: [Place] = []
        var bytes = 0
        var end: UInt64
    }

    /// As many records from the front as fit into the segment and the group's limit.
    private func plan(
        _ records: ArraySlice<WaitingRecord>,
        for segment: ActiveSegment<FileSystem.File>
    ) -> Group {
        var group = Group(end: segment.end)
        group.places.reserveCapacity(records.count)
        let overhead = segment.overhead
        for record in records {
            let behind = group.bytes + record.extent(overhead: overhead)
            guard group.places.isEmpty || (segment.offset + behind <= segment.capacity && behind <= options.groupLimit)
            else { break }
            group.places.append(Place(first: group.end, segment: segment.id, offset: segment.offset + group.bytes))
            group.bytes = behind
            group.end += UInt64(record.itemCount)
        }
        return group
    }

    // MARK: Room

    /// Sees to it that the active segment has room for a record.
    private mutating func prepare(
        _ record: WaitingRecord,
        spares: some SpareSource
    ) throws(JournalError) {
        if let segment = active {
            let extent = record.extent(overhead: segment.overhead)
            if segment.offset + extent <= segment.capacity { return }
            close()
        }
        // What a cipher adds is known when its segment is there; more than this no cipher may add.
        let need = record.extent(overhead: options.cipher == nil ? 0 : Self.overheadLimit)
        try open(needing: need, spares: spares)
    }

    /// The most that a cipher adds to a payload, in bytes.
    static var overheadLimit: Int { 64 }

    /// Leaves a segment whose directory has no room for another where there is one.
    private mutating func moveOn(needing bytes: Int, spares: some SpareSource) -> Result<Void, JournalError> {
        guard let old = active else { return .success(()) }
        active = nil
        do throws(JournalError) {
            try open(needing: bytes, spares: spares)
        } catch {
            active = old
            return .failure(error)
        }
        // The new one is there: now the old one is closed.
        let new = active
        active = old
        close()
        active = new
        return .success(())
    }

    /// Grows the file with zeros so that writes change no metadata: a step ahead, or only as much as must be where the
    /// disk is nearly full.
    private mutating func extend(to end: Int) throws(FileSystemError) {
        guard let segment = active, end > segment.filled else { return }
        let step = max(options.fillStep, 4_096)
        let wanted = max(end, min((end + step - 1) / step * step, segment.capacity))
        let room = files.room(in: paths.data[segment.directory], above: options.minimumRequiredSpace)
        let target = wanted - segment.filled <= room ? wanted : end
        guard target - segment.filled <= room else {
            throw FileSystemError("grow", segment.path, SystemCode.noSpace)
        }
        var at = segment.filled
        while at < target {
            let count = min(zeros.count, target - at)
            try unsafe segment.file.writeAll(UnsafeRawBufferPointer(zeros[0..<count]), at: at)
            at += count
            active?.filled = at
        }
    }
}
