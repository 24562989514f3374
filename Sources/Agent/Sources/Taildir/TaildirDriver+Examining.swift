internal import DequeModule
internal import Logging
internal import NIOCore

extension TaildirDriver {
    // MARK: - What a file holds

    /// Opens a file and finds out what it holds.
    ///
    /// - Parameter copyOf: it is compared with a content up to these places, and no more waited for.
    func examine(_ file: TailedFile, copyOf: [ContentMark]? = nil) {
        guard !file.isBusy, !isStopping, let key = file.key else { return }
        file.isBusy = true
        var known: Identity.Known?
        if let stored = file.stored {
            known = .init(position: stored.position, mark: stored.mark, isSamePath: stored.path == file.path)
        } else if case .closed = file.phase, let mark = contents[file.content]?.progress.delivered {
            known = .init(position: mark.offset, mark: mark, isSamePath: true)
        }
        let inquiry = FileExaminer.Inquiry(
            path: file.path,
            key: key,
            known: known,
            heads: known == nil && !file.startsAtEnd ? heads(without: file) : [],
            startsAtEnd: file.startsAtEnd,
            copyOf: copyOf,
            make: settings.cutter(group: file.group, path: file.firstPath)
        )
        let id = file.id
        job(
            { FileExaminer.examine(inquiry) },
            then: { driver, finding in
                driver.examined(id, finding)
                // Meanwhile it has another name.
                if case .moved = finding, let file = driver.files[id], file.path != inquiry.path {
                    driver.examine(file)
                }
            }
        )
    }

    /// The first bytes of all contents that are known.
    func heads(without file: TailedFile? = nil) -> [(content: Int, head: [UInt8])] {
        let present = files.values.filter { $0 !== file }.map(\.content)
        return (present + past).compactMap { content in
            guard let head = contents[content]?.head, !head.isEmpty else { return nil }
            return (content, head)
        }
    }

    func examined(_ id: Int, _ finding: FileExaminer.Finding) {
        guard let file = files[id] else { return }
        file.isBusy = false
        // Meanwhile it was found to be the copy of a content and is read.
        if case .reading = file.phase {
            read(file)
            return
        }
        guard !isStopping else { return }
        switch finding {
        case .open(let reader, let start, let replaces):
            open(file, reader, start, replaces: replaces)
        case .suspect(let content, let size, let opened):
            file.unread = opened
            suspect(file, of: content, size: size)
        case .empty(let opened):
            file.unread = opened
            file.phase = .new
        case .moved:
            // Looked at again under its new name, if it has one.
            file.seen = nil
            if case .suspect = file.phase { file.phase = .new }
            scan()
        case .failed(let reason):
            failed(file, reason)
        }
    }

    private func open(_ file: TailedFile, _ reader: TailReader, _ start: ContentMark, replaces: Bool) {
        if replaces {
            // What lies behind the known content's end may be in a copy of it.
            let old = file.content
            let mark = file.stored?.mark ?? contents[old]?.progress.delivered
            switchContent(file)
            if let mark { searchCopy(of: old, mark, from: file, rest: []) } else { release(old) }
        }
        if start.offset != contents[file.content]?.progress.delivered.offset || file.stored != nil {
            contents[file.content]?.progress = Progress(start)
        }
        contents[file.content]?.head = start.head
        file.stored = nil
        file.unread = nil
        file.reader = reader
        file.phase = .reading
        file.hasMore = true
        file.lastChange = eventLoop.now
        counters.openConnections.set(openFiles)
        read(file)
    }

    private var openFiles: Int { files.values.count { $0.reader != nil } }

    /// From now on the file holds a content of which nothing is known; whoever calls releases the old one.
    func switchContent(_ file: TailedFile) {
        let content = number()
        contents[content] = Content(progress: Progress(.start), head: [])
        file.content = content
    }

    func failed(_ file: TailedFile, _ reason: FileFailure) {
        counters.eventReadFail.add()
        file.seen = nil
        if file.reader == nil, file.stored == nil { file.phase = .failed }
        log.warning(
            "cannot read a file; it is tried again",
            key: file.path,
            metadata: ["file": "\(file.path)", "reason": "\(reason)"]
        )
    }

    // MARK: - Copies

    private func suspect(_ file: TailedFile, of content: Int, size: UInt64) {
        var isUnchanged = false
        var isOver = false
        if case .suspect(content, size, let since) = file.phase {
            isUnchanged = true
            isOver = eventLoop.now - since >= Self.suspicion
        }
        // A content that its file does not hold any more was copied before.
        if isOver || past.contains(content) {
            // One that is forgotten meanwhile proves nothing.
            examine(file, copyOf: contents[content].map { $0.progress.recent.reversed() } ?? [])
            return
        }
        if !isUnchanged { file.phase = .suspect(of: content, size: size, since: eventLoop.now) }
        guard suspectTimer == nil else { return }
        suspectTimer = eventLoop.scheduleTask(in: Self.suspicionLook) {
            self.assumeIsolated { driver in
                driver.suspectTimer = nil
                for file in driver.files.values { if case .suspect = file.phase { driver.examine(file) } }
            }
        }
    }

    /// A content's file holds something else now. What was not read of it goes on in its copy, if there is one in the
    /// folder; else the rest, which was read without its end, becomes events.
    ///
    /// - Parameter old: the content; its file's share in it is taken over.
    func searchCopy(of old: Int, _ mark: ContentMark, from file: TailedFile, rest: [LineCutter.Cut]) {
        var excluded: Set<FileKey> = []
        var held: [CopyFinder.Candidate] = []
        for other in files.values {
            guard let key = other.key else { continue }
            switch other.phase {
            case .new, .suspect, .failed:
                if let opened = other.unread { held.append(.init(path: other.path, file: opened, isSuspect: true)) }
            case .reading, .closed: excluded.insert(key)
            }
        }
        if let key = file.key { excluded.insert(key) }
        let (folder, group, id, path) = (file.folder, file.group, file.id, file.firstPath)
        let make = settings.cutter(group: group, path: path)
        let earlier = (contents[old]?.progress.recent.reversed() ?? []).filter { $0.offset < mark.offset }
        held += candidates.map { .init(path: $0.path, file: $0.file, isSuspect: false) }
        past.insert(old)
        if file.sought == nil { file.sought = old }
        let find: @Sendable () -> CopyFinder.Copy? = { [held, excluded] in
            CopyFinder.find(mark, earlier: earlier, among: held, in: folder, excluding: excluded, make: make)
        }
        job(
            find,
            then: { driver, copy in
                driver.searched(old, mark, copy, group: group, path: path, file: id, rest: rest)
            }
        )
    }

    private func searched(
        _ old: Int,
        _ mark: ContentMark,
        _ copy: CopyFinder.Copy?,
        group: Int,
        path: String,
        file id: Int,
        rest: [LineCutter.Cut]
    ) {
        if let file = files[id], file.sought == old { file.sought = nil }
        eventLoop.scheduleTask(in: Self.pastTime) {
            self.assumeIsolated { driver in
                driver.past.remove(old)
                driver.release(old)
            }
        }
        if copy?.start != mark {
            if let file = files[id], !rest.isEmpty { enqueue(rest, of: old, for: file) }
        }
        // Also while stopping: the copy's position must be written, or nobody reads it on after the next start.
        guard let copy else { return }
        let known = byKey[copy.status.key].flatMap { files[$0] }
        let file = known ?? add(group, path: copy.path, first: path, copy.status)
        if known == nil { file.isSighted = false }
        switch file.phase {
        case .reading, .closed: return
        case .new, .suspect, .failed: break
        }
        logger.info(
            "a file was emptied; its copy is read on from there",
            metadata: ["file": "\(path)", "copy": "\(copy.path)", "offset": "\(copy.start.offset)"]
        )
        if copy.start == mark {
            // The content goes on in the copy, and what is on its way of it with it.
            release(file.content)
            contents[old]?.users += 1
            file.content = old
        } else {
            contents[file.content]?.progress = Progress(copy.start)
            contents[file.content]?.head = copy.start.head
        }
        file.reader = copy.reader
        file.unread = nil
        file.isDeleted = copy.status.links == 0
        file.phase = .reading
        file.hasMore = true
        file.lastChange = eventLoop.now
        read(file)
    }

    /// A file of the position file is nowhere to be seen.
    func searchLost(_ file: TailedFile, _ stored: FilePosition) {
        logger.info(
            "a file of the position file is gone",
            metadata: ["file": "\(stored.path)", "inode": "\(stored.inode)", "position": "\(stored.position)"]
        )
        guard let mark = stored.mark, mark.offset == stored.position else { return }
        contents[file.content]?.users += 1
        searchCopy(of: file.content, mark, from: file, rest: [])
    }
}
