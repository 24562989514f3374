/// Opening, sealing and giving up segments.
extension GroupWriter {
    /// Opens a segment in the next directory that takes one.
    mutating func open(needing bytes: Int, spares: some SpareSource) throws(JournalError) {
        var failure: FileSystemError?
        // What fails is left out of the next round, for good or until there may be room: this ends.
        while let directory = directories.candidates(now: files.now(), hasSpare: spares.has).first {
            do throws(FileSystemError) {
                active = try create(in: directory, needing: bytes, spare: spares.take(directory))
                directories.used(directory)
                return
            } catch {
                reportTrouble(error, in: directory)
                failure = error
            }
        }
        guard directories.isHopeless else {
            throw JournalError(
                .noSpace,
                "no data directory has room: \(full()); \(options.minimumRequiredSpace) bytes stay free "
                    + "(minimumRequiredSpace); free space on the disk or let the sinks drain",
                cause: failure
            )
        }
        throw JournalError(
            .failed,
            "every data directory of \(options.name) failed; the queue delivers what it holds and stores nothing more "
                + "until a restart\(failure.map { ": \($0)" } ?? "")",
            cause: failure
        )
    }

    private func full() -> String {
        directories.full.map { paths.data[$0] }.joined(separator: ", ")
    }

    private mutating func create(
        in directory: Int,
        needing bytes: Int,
        spare: SegmentSpare?
    ) throws(FileSystemError) -> ActiveSegment<FileSystem.File> {
        let id = SegmentID(number: nextNumber, nonce: UInt32(truncatingIfNeeded: files.random()))
        nextNumber += 1
        let path = paths.segment(id, in: directory)
        let capacity = max(options.segmentSize, SegmentHeader.framesStart + bytes)
        let file: FileSystem.File
        if let spare {
            try files.rename(paths.spare(spare.id, in: directory), to: path)
            file = try files.open(path)
        } else {
            guard
                files.room(in: paths.data[directory], above: options.minimumRequiredSpace)
                    >= SegmentHeader.framesStart + bytes
            else {
                throw FileSystemError("create", path, SystemCode.noSpace)
            }
            file = try files.create(path)
        }
        let parameters = options.cipher?.newParameters() ?? []
        let cipher: (any JournalSegmentCipher)?
        do throws(JournalError) {
            cipher = try options.cipher?.segment(parameters)
        } catch {
            throw error.cause ?? FileSystemError("seal", path, SystemCode.inputOutput)
        }
        let header = SegmentHeader(id: id, queue: queue, first: end, capacity: capacity, parameters: parameters)
        let block = RawBuffer(count: SegmentHeader.framesStart)
        unsafe block.bytes.clear()
        for place in [0, SegmentHeader.copyOffset] {
            unsafe header.encode(into: UnsafeMutableRawBufferPointer(rebasing: block.bytes[place...]))
        }
        do throws(FileSystemError) {
            try unsafe file.writeAll(UnsafeRawBufferPointer(block.bytes), at: 0)
            try file.sync()
            try files.syncDirectory(paths.data[directory])
        } catch {
            // A file that never held anything: left where it cannot be removed, and found empty at the next start.
            try? files.remove(path)
            throw error
        }
        return ActiveSegment(
            file: file,
            path: path,
            id: id,
            directory: directory,
            first: end,
            capacity: capacity,
            parameters: parameters,
            cipher: cipher,
            seed: id.seed,
            end: end,
            filled: max(spare?.size ?? 0, SegmentHeader.framesStart)
        )
    }

    /// Seals the active segment and lets it go.
    mutating func close() {
        _ = syncWhenDue(force: true)
        guard let segment = active else { return }
        active = nil
        var info = segment.info
        info.isActive = false
        closed.append(info)
        seal(info, segment.file, segment.path)
    }

    /// Gives the active segment up at its durable end: what was being written goes elsewhere.
    ///
    /// The file is opened anew for the seal. A sync of pages that were written after the failure proves those, though
    /// nothing of what was written before.
    mutating func abandon(_ error: FileSystemError) {
        guard let segment = active else { return }
        active = nil
        var info = segment.info
        info.isActive = false
        closed.append(info)
        reportTrouble(error, in: segment.directory)
        do throws(FileSystemError) {
            seal(info, try files.open(segment.path), segment.path)
        } catch {
            tell(.leftover, "the segment could not be sealed: \(error)", segment.path)
        }
    }

    /// A segment without a seal is read at the next start, up to where the one behind it begins.
    private func seal(_ info: SegmentInfo, _ file: FileSystem.File, _ path: String) {
        let seal = SegmentSeal(id: info.id, queue: queue, first: info.first, end: info.end, endOffset: info.endOffset)
        do throws(FileSystemError) {
            try seal.write(to: file)
        } catch {
            tell(.leftover, "the segment could not be sealed, so the next start reads it: \(error)", path)
        }
    }

    /// Takes a failure into account for the choice of directories, and says so where it is news.
    mutating func reportTrouble(_ error: FileSystemError, in directory: Int) {
        let path = paths.data[directory]
        if error.isLackOfSpace {
            if directories.isFull(directory, until: files.now() + options.retryInterval) {
                tell(.directoryFull, "no room for more: \(error)", path)
            }
        } else {
            let isGivenUp = directories.strike(directory)
            let rest = directories.count == 1 ? "" : ", and this directory is used where no other takes more"
            tell(.syncFailed, "\(error); what was being stored goes to a new segment\(rest)", path)
            if isGivenUp { tell(.directoryFailed, "failed twice in a row and is left out until a restart", path) }
        }
    }

    func tell(_ kind: JournalNotice.Kind, _ message: String, _ path: String) {
        options.notice(JournalNotice(kind, message, path: path))
    }
}

extension SegmentSeal {
    /// Writes the seal and syncs it.
    func write(to file: some JournalFile) throws(FileSystemError) {
        let block = RawBuffer(count: Self.size)
        unsafe encode(into: block.bytes)
        try unsafe file.writeAll(UnsafeRawBufferPointer(block.bytes), at: Self.offset)
        try file.sync()
    }
}

extension JournalFileSystem {
    /// Bytes that may be written before fewer than `minimum` are free; all where the system does not say.
    func room(in directory: String, above minimum: Int) -> Int {
        do throws(FileSystemError) {
            return try freeBytes(in: directory) - minimum
        } catch {
            return .max
        }
    }
}
