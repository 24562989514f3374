/// The two cursor files. One is written, many times; when it has been synced, the other one's turn comes. So at every
/// moment one of them is whole on disk, and the newer whole one is the truth.
struct CursorFiles<FileSystem: JournalFileSystem>: Sendable {
    /// What the files said at the start.
    struct Found: Sendable {
        var slot: CursorSlot?
        /// Which file that was.
        var index: Int?
        /// Files that hold something that is not sound.
        var damaged: [Int] = []
        var isDamaged: Bool { !damaged.isEmpty }
    }

    let files: FileSystem
    let paths: SegmentPaths
    private var open: [FileSystem.File?] = [nil, nil]
    /// Which file is written now, and the generation that was written last.
    private var current = 0
    private(set) var generation: UInt64 = 0
    /// What was written last, and what is known to be on stable storage.
    private(set) var written: SequenceSet?
    private(set) var syncedFloor: UInt64 = 0
    private var isDirty = false
    private let buffer = RawBuffer(count: CursorSlot.fileSize)

    init(files: FileSystem, paths: SegmentPaths) {
        self.files = files
        self.paths = paths
    }

    var isUnsynced: Bool { isDirty }

    /// Reads both files. What cannot be read is as good as absent.
    mutating func load() -> Found {
        var found = Found()
        for index in 0..<2 {
            guard let file = try? files.open(paths.cursor(index)) else { continue }
            open[index] = file
            let bytes = unsafe buffer.bytesOf(file)
            if let slot = unsafe CursorSlot.decode(bytes) {
                if slot.generation >= found.slot?.generation ?? 0 {
                    found.slot = slot
                    found.index = index
                }
            } else if unsafe bytes.contains(where: { $0 != 0 }) {
                found.damaged.append(index)
            }
        }
        return found
    }

    /// Prepares for writing: what was believed is made durable first, since the other file is written over.
    mutating func begin(after found: RecoveredQueue) throws(FileSystemError) {
        generation = found.generation
        current = found.cursorSlot.map { 1 - $0 } ?? 0
        if let believed = found.cursorSlot, let file = open[believed] { try file.sync() }
        for index in 0..<2 where open[index] == nil { try make(index) }
    }

    /// A new file in place of one that is missing or failed, all zeros, made durable under its name.
    private mutating func make(_ index: Int) throws(FileSystemError) {
        let path = paths.cursor(index)
        let new = path + ".new"
        do throws(FileSystemError) {
            try files.remove(new)
        } catch {
            guard error.isMissing else { throw error }
        }
        let file = try files.create(new)
        unsafe buffer.bytes.clear()
        try unsafe file.writeAll(UnsafeRawBufferPointer(buffer.bytes), at: 0)
        try file.sync()
        try files.rename(new, to: path)
        try files.syncDirectory(paths.checkpoint)
        open[index] = file
    }

    /// Writes; the kernel has it when this returns, the disk when `sync` did.
    mutating func write(_ content: CursorContent, queue: UInt64) throws(FileSystemError) {
        if open[current] == nil { try make(current) }
        guard let file = open[current] else { return }
        let slot = CursorSlot(
            queue: queue,
            generation: generation + 1,
            done: content.done,
            durable: content.durable,
            nextSegment: content.nextSegment
        )
        let count = unsafe slot.encode(into: buffer.bytes)
        do throws(FileSystemError) {
            try unsafe file.writeAll(UnsafeRawBufferPointer(buffer[0..<count]), at: 0)
        } catch {
            open[current] = nil
            throw error
        }
        generation += 1
        written = content.done
        isDirty = true
    }

    /// Makes what was written last durable and turns to the other file. After an error this file is made anew: what a
    /// failed sync left is not to be trusted, nor a later success.
    mutating func sync() throws(FileSystemError) {
        guard isDirty, let file = open[current], let written else { return }
        do throws(FileSystemError) {
            try file.sync()
        } catch {
            open[current] = nil
            isDirty = false
            throw error
        }
        isDirty = false
        syncedFloor = written.floor
        current = 1 - current
    }

    /// Forgets the files.
    mutating func close() {
        open = [nil, nil]
    }
}

extension RawBuffer {
    /// What a file begins with, zeros behind its end.
    fileprivate func bytesOf(_ file: some JournalFile) -> UnsafeRawBufferPointer {
        unsafe bytes.clear()
        _ = unsafe try? file.readAll(into: bytes, at: 0)
        return unsafe UnsafeRawBufferPointer(bytes)
    }
}
