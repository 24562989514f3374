internal import DequeModule
internal import Logging
internal import NIOCore

extension TaildirDriver {
    // MARK: - What goes on elsewhere

    /// A content's file holds something else now. What was not read of it goes on in its copy, if there is one in the
    /// folder; else the rest, which was read without its end, becomes events.
    ///
    /// - Parameters:
    ///   - old: the content; its file's share in it is taken over.
    ///   - modified: when its file was changed last, as far as that was seen.
    func searchCopy(
        of old: Int,
        _ mark: ContentMark,
        modified: Int64?,
        from file: TailedFile,
        rest: [LineCutter.Cut]
    ) {
        if file.sought == nil { file.sought = old }
        sought[old] = SoughtContent(
            group: file.group,
            inode: file.inode,
            path: file.path,
            folder: file.folder,
            firstPath: file.firstPath,
            file: file.id,
            mark: mark,
            modified: modified,
            rest: rest,
            since: eventLoop.now
        )
        look(for: old)
    }

    /// A file of the position file is nowhere to be seen.
    func searchLost(_ file: TailedFile, _ stored: FilePosition) {
        logger.info(
            "a file of the position file is gone",
            metadata: ["file": "\(stored.path)", "inode": "\(stored.inode)", "position": "\(stored.position)"]
        )
        guard let mark = stored.mark else { return }
        // An agent that was killed between the writes of its two files left a mark that is older than the position.
        if mark.offset != stored.position {
            contents[file.content]?.progress = Progress(mark, earlier: stored.earlier)
        }
        contents[file.content]?.users += 1
        searchCopy(of: file.content, mark, modified: stored.modified, from: file, rest: [])
    }

    /// A content of the marks that was looked for when the agent ended: looked for again, once its folder can be listed.
    func recall(_ position: FilePosition) {
        guard let group = group(of: position), let mark = position.mark else { return }
        let content = number()
        contents[content] = Content(progress: Progress(mark, earlier: position.earlier), head: mark.head)
        sought[content] = SoughtContent(
            group: group,
            inode: position.inode,
            path: position.path,
            folder: settings.groups[group].folder,
            firstPath: position.path,
            file: nil,
            mark: mark,
            modified: position.modified,
            rest: [],
            since: eventLoop.now
        )
    }

    func look(for old: Int) {
        guard !isStopping || sought[old]?.isBegun == false, let search = sought[old] else { return }
        guard searching < Self.searches else {
            if !searchQueue.contains(old) { searchQueue.append(old) }
            return
        }
        searching += 1
        var excluded: Set<FileKey> = []
        var held: [CopyFinder.Candidate] = []
        for other in files.values {
            guard let key = other.key else { continue }
            switch other.phase {
            case .new, .suspect, .failed:
                if let opened = other.unread { held.append(.init(path: other.path, file: opened, isSuspect: true)) }
            // What is not looked into yet may be anything, if its inode number was used again.
            case .closed where other.stored != nil && !other.isSighted: break
            case .reading, .closed: excluded.insert(key)
            }
        }
        if let key = search.file.flatMap({ files[$0]?.key }) { excluded.insert(key) }
        held += candidates.map { .init(path: $0.path, file: $0.file, isSuspect: false) }
        let inquiry = CopyFinder.Inquiry(
            mark: search.mark,
            earlier: contents[old]?.progress.recent.filter { $0.offset < search.mark.offset } ?? [],
            modified: search.modified,
            candidates: held,
            folder: search.folder,
            isLookAgain: search.isBegun,
            excluded: excluded,
            make: settings.cutter(group: search.group, path: search.firstPath)
        )
        past.insert(old)
        sought[old]?.isBegun = true
        let gzips = search.gzips
        let find: @Sendable () -> (CopyFinder.Copy?, GzipLooks) = {
            var gzips = gzips
            let copy = CopyFinder.find(inquiry, gzips: &gzips)
            return (copy, gzips)
        }
        job(find, then: { driver, result in driver.looked(for: old, result.0, result.1) })
    }

    private func looked(for old: Int, _ copy: CopyFinder.Copy?, _ gzips: GzipLooks) {
        searching -= 1
        while searching < Self.searches, let next = searchQueue.popFirst() { look(for: next) }
        guard var search = sought[old] else { return }
        let file = search.file.flatMap { files[$0] }
        if copy?.start != search.mark, let file, !search.rest.isEmpty { enqueue(search.rest, of: old, for: file) }
        search.rest = []
        if copy == nil, waits(&search, gzips) {
            sought[old] = search
            lookAgain(old)
            return
        }
        endSearch(for: old)
        if let copy { goOn(old, search, copy) }
    }

    /// The content is remembered for a while: another copy of it may still turn up.
    private func endSearch(for old: Int) {
        if let file = sought[old]?.file.flatMap({ files[$0] }), file.sought == old { file.sought = nil }
        sought[old] = nil
        eventLoop.scheduleTask(in: Self.pastTime) {
            self.assumeIsolated { driver in
                driver.past.remove(old)
                driver.release(old)
            }
        }
    }

    /// Looks again after a pause; after a stop the next start does, by the marks.
    private func lookAgain(_ old: Int) {
        guard !isStopping, let pause = sought[old]?.pause else { return }
        sought[old]?.pause = min(pause + pause, Self.longestLookPause)
        eventLoop.scheduleTask(in: pause) { self.assumeIsolated { $0.look(for: old) } }
    }

    /// Whether a gzip file may still become what is looked for.
    private func waits(_ search: inout SoughtContent, _ gzips: GzipLooks) -> Bool {
        guard let one = gzips.unfinished.first else { return false }
        if Set(gzips.unfinished) != Set(search.gzips.unfinished) {
            search.since = eventLoop.now
            search.pause = Self.firstLookPause
        }
        search.gzips = gzips
        let unchanged = eventLoop.now - search.since
        if unchanged >= Self.unfinishedTime, !search.isTold {
            search.isTold = true
            logger.warning(
                "\(Self.notWhole)",
                metadata: [
                    "file": "\(one.path)", "lines of": "\(search.path)", "reason": "\(one.reason)",
                    "offset": "\(search.mark.offset)", "advice": "\(Self.repair)",
                ]
            )
        }
        return unchanged < Self.longestSearch
    }

    /// Ends the search for a content that goes on in a file from this place on. False where it does not: nobody looks for it,
    /// or the file ends in front of what was read.
    func goOn(_ old: Int, in file: TailedFile, from start: ContentMark) -> Bool {
        guard let search = sought[old], start.offset == search.mark.offset else { return false }
        endSearch(for: old)
        tell(search, goesOnIn: file.path, start)
        hold(old, in: file)
        return true
    }

    /// From now on a file holds a content, and what is on its way of it.
    private func hold(_ content: Int, in file: TailedFile) {
        release(file.content)
        contents[content]?.users += 1
        file.content = content
    }

    private func tell(_ search: SoughtContent, goesOnIn path: String, _ start: ContentMark) {
        logger.info(
            "the lines of a file go on in its copy, which is read on from there",
            metadata: ["file": "\(search.path)", "copy": "\(path)", "offset": "\(start.offset)"]
        )
    }

    /// The content's copy is read.
    private func goOn(_ old: Int, _ search: SoughtContent, _ copy: CopyFinder.Copy) {
        // Also while stopping: the copy's position must be written, or nobody reads it on after the next start.
        let known = byKey[copy.status.key].flatMap { files[$0] }
        let file = known ?? add(search.group, path: copy.path, first: search.firstPath, copy.status)
        if known == nil { file.isSighted = false }
        switch file.phase {
        case .closed where file.stored != nil && !file.isSighted:
            // An inode number that was used again: what had it is gone.
            if let stored = file.stored { searchLost(file, stored) }
            file.stored = nil
        case .reading, .closed: return
        case .new, .suspect, .failed: break
        }
        tell(search, goesOnIn: copy.path, copy.start)
        if copy.start == search.mark {
            hold(old, in: file)
        } else {
            contents[file.content]?.progress = Progress(copy.start)
            contents[file.content]?.head = copy.start.head
        }
        file.reader = copy.reader
        file.unread = nil
        file.unfinished = nil
        liken(file, to: nil)
        file.isDeleted = copy.status.links == 0
        file.phase = .reading
        file.hasMore = true
        file.lastChange = eventLoop.now
        read(file)
    }
}
