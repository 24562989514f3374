/// Makes a queue at rest whole again without what is damaged: copies each damaged place to the quarantine, writes down what
/// is lost as done, and writes anew what serves only the reading (headers, seals, cursors). No frame is changed.
package enum JournalRepair {
    /// Returns what was there to be repaired.
    ///
    /// - Throws: `locked` where a process has a directory, `unusable` where one cannot be read or written.
    package static func run(
        checkpointDirectory: String,
        dataDirectories: [String]
    ) throws(JournalError) -> JournalCheck {
        let options = JournalAtRest.options(checkpointDirectory, dataDirectories)
        let files = LocalFileSystem()
        let locks = try JournalAtRest.lock(SegmentPaths(options), files, holder: "tributary journal repair")
        defer { withExtendedLifetime(locks) {} }
        let rest = try JournalAtRest(options, locks: [])
        let check = try rest.check()
        guard !check.isClean else { return check }
        do throws(FileSystemError) {
            try repair(check.damages.filter(\.matters), rest, files, options)
        } catch {
            throw JournalError(.unusable, "the queue cannot be repaired: \(error)", cause: error)
        }
        return check
    }

    private static func repair(
        _ damages: [JournalDamage],
        _ rest: JournalAtRest,
        _ files: LocalFileSystem,
        _ options: JournalOptions
    ) throws(FileSystemError) {
        let paths = rest.paths
        var quarantine = Quarantine(files: files, options: options)
        for segment in rest.recovered.segments {
            let path = paths.segment(segment.id, in: segment.directory)
            let places = damages.filter { $0.path == path && !$0.bytes.isEmpty }
            guard !places.isEmpty else { continue }
            let file = try files.open(path)
            for place in places { _ = quarantine.keep(place.bytes, of: file, id: segment.id) }
            if places.contains(where: { $0.kind == .structure }) {
                try rewriteHeader(of: segment, file, queue: rest.recovered.queue)
            }
        }
        for slot in 0..<2 where damages.contains(where: { $0.path == paths.cursor(slot) }) {
            try files.makeDirectory(paths.quarantine)
            try files.rename(paths.cursor(slot), to: "\(paths.quarantine)/cursor.\(slot).\(files.random())")
        }
        var recovered = rest.recovered
        for damage in damages where damage.items > 0 { recovered.done.insert(damage.sequences) }
        var cursor = CursorFiles(files: files, paths: paths)
        _ = cursor.load()
        var keeper = QueueKeeper(files: files, options: options, cursor: cursor)
        keeper.begin(&recovered)
        defer { keeper.close() }
        guard keeper.trouble == nil else {
            throw FileSystemError("write the cursor of", paths.checkpoint, SystemCode.inputOutput)
        }
    }

    private static func rewriteHeader(
        of segment: SegmentInfo,
        _ file: LocalFile,
        queue: UInt64
    ) throws(FileSystemError) {
        let block = RawBuffer(count: SegmentHeader.framesStart)
        unsafe block.bytes.clear()
        _ = try unsafe file.readAll(into: block.bytes, at: 0)
        let size = try file.size()
        let header =
            unsafe SegmentHeader.decode(blocks: UnsafeRawBufferPointer(block.bytes), id: segment.id)
            ?? SegmentHeader(id: segment.id, queue: queue, first: segment.first, capacity: size)
        let used = SegmentHeader.fixedSize + header.parameters.count
        for place in [0, SegmentHeader.copyOffset] {
            let copy = unsafe block[place..<(place + used)]
            unsafe copy.clear()
            unsafe header.encode(into: copy)
            try unsafe file.writeAll(UnsafeRawBufferPointer(copy), at: place)
        }
        try file.sync()
    }
}
