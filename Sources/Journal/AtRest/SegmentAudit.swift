/// Reads segments from end to end, and tells of what is not as it was written.
struct SegmentAudit<FileSystem: JournalFileSystem> {
    let files: FileSystem
    let paths: SegmentPaths
    /// What is not wanted any more.
    let done: SequenceSet
    private(set) var check = JournalCheck()
    private let buffer = RawBuffer(count: 1 << 16)

    init(files: FileSystem, paths: SegmentPaths, done: SequenceSet) {
        self.files = files
        self.paths = paths
        self.done = done
    }

    /// Looks at both copies of the header and at the seal.
    mutating func blocks(of segment: SegmentInfo) throws(JournalError) {
        let path = paths.segment(segment.id, in: segment.directory)
        let block = unsafe buffer[0..<SegmentHeader.framesStart]
        unsafe block.clear()
        try reading { () throws(FileSystemError) in _ = try unsafe files.open(path).readAll(into: block, at: 0) }
        for place in [0, SegmentHeader.copyOffset] {
            let copy = unsafe UnsafeRawBufferPointer(rebasing: block[place..<SegmentHeader.framesStart])
            guard unsafe SegmentHeader.decode(copy, id: segment.id) == nil else { continue }
            let bytes = place..<(place + SegmentHeader.fixedSize)
            add(JournalDamage(.structure, path, bytes, "the segment's header does not verify; its other copy serves"))
        }
        let seal = unsafe UnsafeRawBufferPointer(rebasing: block[SegmentSeal.offset..<SegmentHeader.copyOffset])
        let isWritten = unsafe seal.prefix(SegmentSeal.size).contains { $0 != 0 }
        if isWritten, unsafe SegmentSeal.decode(seal, id: segment.id) == nil {
            let bytes = SegmentSeal.offset..<(SegmentSeal.offset + SegmentSeal.size)
            add(JournalDamage(.structure, path, bytes, "the segment's seal does not verify; a start reads it through"))
        }
    }

    /// Goes through the frames; `body` has each sound one with its payload.
    mutating func frames(
        of segment: SegmentInfo,
        _ body: (StoredFrame, UnsafeMutableRawBufferPointer) throws(JournalError) -> Void
    ) throws(JournalError) {
        let path = paths.segment(segment.id, in: segment.directory)
        var walker = try reading { () throws(FileSystemError) in
            FrameWalker(
                try files.open(path),
                id: segment.id,
                offset: SegmentHeader.framesStart,
                limit: segment.endOffset,
                expected: segment.first,
                ceiling: segment.end,
                toleratesErrors: true,
                chunk: 1 << 20,
                buffer: buffer
            )
        }
        var end = segment.first
        var span = 0..<0
        while true {
            let step = try reading { () throws(FileSystemError) in try walker.next(wanted: 0) }
            switch step {
            case .damage(let bytes):
                span = bytes
            case .frame(let header, let offset, let content):
                missing(end..<max(end, header.first), span, path, "no frame verifies there")
                span = 0..<0
                end = header.end
                if content == .sound {
                    check.frames += 1
                    check.items += UInt64(header.count)
                    try unsafe body(stored(header, path, offset), walker.payloadBytes)
                } else {
                    let bytes = offset..<(offset + header.extent)
                    missing(header.first..<header.end, bytes, path, "the payload does not fit its checksum")
                }
            case .end:
                return missing(end..<max(end, segment.end), span, path, "no frame verifies there")
            }
        }
    }

    mutating func add(_ damage: JournalDamage) {
        check.damages.append(damage)
    }

    private mutating func missing(_ range: Range<UInt64>, _ bytes: Range<Int>, _ path: String, _ reason: String) {
        guard !range.isEmpty || !bytes.isEmpty else { return }
        // Told already by what a start would find.
        let isKnown = check.damages.contains { $0.path == path && !bytes.isEmpty && $0.bytes.overlaps(bytes) }
        guard !isKnown || !done.contains(range) else { return }
        let items = done.missing(in: range).reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
        add(JournalDamage(items > 0 ? .items : .done, path, bytes, reason, items: items, sequences: range))
    }

    private func stored(_ header: FrameHeader, _ path: String, _ offset: Int) -> StoredFrame {
        let pending = done.missing(in: header.first..<header.end).map {
            Int($0.lowerBound - header.first)..<Int($0.upperBound - header.first)
        }
        return StoredFrame(
            path: path,
            offset: offset,
            first: header.first,
            count: header.count,
            isEncrypted: header.isSealed,
            pending: pending
        )
    }

    private func reading<Value>(_ body: () throws(FileSystemError) -> Value) throws(JournalError) -> Value {
        do throws(FileSystemError) {
            return try body()
        } catch {
            throw JournalError(.unusable, "cannot read what is stored: \(error)", cause: error)
        }
    }
}
