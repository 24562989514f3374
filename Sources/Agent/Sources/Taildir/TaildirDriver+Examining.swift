internal import DequeModule
internal import Logging
internal import NIOCore

extension TaildirDriver {
    // MARK: - What a file holds

    /// Opens a file and finds out what it holds.
    ///
    /// - Parameters:
    ///   - original: it is compared with this content, and no more waited for.
    ///   - opened: the file, where it is open already.
    func examine(_ file: TailedFile, copyOf original: Int? = nil, opened: OpenFile? = nil) {
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
            opened: opened ?? file.unread as? OpenFile,
            key: key,
            known: known,
            modified: file.modified,
            heads: known?.position ?? 0 == 0 && !file.startsAtEnd ? heads(without: file) : [],
            gone: gone.compactMap { content in contents[content].map { (content, $0.head) } },
            startsAtEnd: file.startsAtEnd,
            copyOf: original.map { places(of: $0) },
            isNamed: file.isSighted,
            unfinished: file.unfinished?.status,
            make: settings.cutter(group: file.group, path: file.firstPath)
        )
        let id = file.id
        job(
            { FileExaminer.examine(inquiry) },
            then: { driver, finding in
                driver.examined(id, finding, copyOf: original)
                // Meanwhile it has another name.
                if case .moved = finding, let file = driver.files[id], file.path != inquiry.path {
                    driver.examine(file)
                }
            }
        )
    }

    /// The first bytes of all contents that are known.
    func heads(without file: TailedFile? = nil) -> [(content: Int, head: [UInt8])] {
        let present = files.values.filter { $0 !== file }.map(\.content) + files.values.compactMap(\.likened)
        return (present + past.union(sought.keys)).compactMap { content in
            guard let head = contents[content]?.head, !head.isEmpty else { return nil }
            return (content, head)
        }
    }

    /// Where a content is known to be delivered up to; nothing proves anything of one that is forgotten.
    private func places(of content: Int) -> [ContentMark] {
        (sought[content].map { [$0.mark] } ?? []) + (contents[content]?.progress.recent.map { $0 } ?? [])
    }

    func examined(_ id: Int, _ finding: FileExaminer.Finding, copyOf original: Int? = nil) {
        guard let file = files[id] else { return }
        file.isBusy = false
        // Meanwhile it was found to be the copy of a content and is read.
        if case .reading = file.phase {
            read(file)
            return
        }
        guard !isStopping else { return }
        switch finding {
        case .open(let reader, let start):
            if original.map({ goOn($0, in: file, from: start) }) != true { place(file, at: start) }
            open(file, reader)
        case .replaced(let opened):
            replace(file)
            examine(file, opened: opened)
        case .suspect(let content, let size, let opened):
            file.unread = opened
            suspect(file, of: content, size: size)
        case .empty(let opened):
            file.unread = opened
            file.phase = .new
        case .moved:
            // Looked at again under its new name, if it has one.
            file.seen = nil
            scan()
        case .delivered:
            file.stored = nil
            file.unread = nil
            if !file.isSighted { forget(file) }
        case .unfinished(let status, let reason):
            unfinished(file, status, reason)
        case .foreign:
            if let stored = file.stored { searchLost(file, stored) }
            forget(file)
            // An inode number that was used again, perhaps for a file that lost its name too.
            if chased[file.path] != nil { chase(file.path, opened: file.unread as? OpenFile) }
        case .failed(let reason):
            failed(file, reason)
        }
    }

    /// Told when it has stayed as it is for a while; looked at again when it changes.
    private func unfinished(_ file: TailedFile, _ status: FileStatus, _ reason: String?) {
        if let reason { file.unfinished = (status, reason, file.unfinished?.isTold ?? false) }
        file.unread = nil
        if case .suspect(let content, let size, let since) = file.phase {
            guard reason == nil, eventLoop.now - since >= Self.suspicion else {
                file.phase = .suspect(of: content, size: size, since: reason == nil ? since : eventLoop.now)
                lookAtSuspects()
                return
            }
            file.phase = .new
        }
        guard let unfinished = file.unfinished, !unfinished.isTold else { return }
        file.unfinished?.isTold = true
        logger.warning(
            "\(Self.notWhole)",
            metadata: [
                "file": "\(file.path)", "reason": "\(unfinished.reason)", "offset": "\(file.stored?.position ?? 0)",
                "advice": "\(Self.repair)",
            ]
        )
    }

    static let notWhole = "a gzip file that holds lines of a known file is not whole; it is read when it is"
    static let repair = "write it anew, or send its lines from the offset on by hand: zcat FILE | tail -c +(offset + 1)"

    /// The file holds another content than was known. What lies behind the known one's end may be in a copy of it.
    private func replace(_ file: TailedFile) {
        let (old, modified) = (file.content, file.modified)
        let mark = file.stored?.mark ?? contents[old]?.progress.delivered
        switchContent(file)
        if let stored = file.stored, stored.path != file.path { file.firstPath = file.path }
        file.stored = nil
        file.startsAtEnd = false
        file.phase = .new
        if let mark { searchCopy(of: old, mark, modified: modified, from: file, rest: []) } else { release(old) }
    }

    /// A file's content is delivered up to here, and nothing of it on its way.
    private func place(_ file: TailedFile, at start: ContentMark) {
        if contents[file.content]?.progress.delivered != start { contents[file.content]?.progress = Progress(start) }
        contents[file.content]?.head = start.head
    }

    private func open(_ file: TailedFile, _ reader: TailReader) {
        file.stored = nil
        file.unread = nil
        file.unfinished = nil
        liken(file, to: nil)
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
        file.modified = nil
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
        // A content that its file does not hold any more was copied before. A gzip file may still grow; when nothing more comes
        // from elsewhere of what is in it, there is nothing to wait for.
        let isPacked = file.unread is InflatedFile
        if isPacked { liken(file, to: content) }
        if isOver || (isPacked ? isUnchanged && isFinished(content) : past.contains(content)) {
            examine(file, copyOf: content)
            return
        }
        if !isUnchanged { file.phase = .suspect(of: content, size: size, since: eventLoop.now) }
        lookAtSuspects()
    }

    /// Whether no file that has a name holds a content, and all that was read of it is delivered.
    private func isFinished(_ content: Int) -> Bool {
        contents[content]?.progress.isSettled != false
            && files.values.allSatisfy { file in
                guard file.content == content else { return true }
                if case .reading = file.phase { return file.isDeleted && !file.isBusy && !file.hasMore }
                return false
            }
    }

    private func lookAtSuspects() {
        guard suspectTimer == nil else { return }
        suspectTimer = eventLoop.scheduleTask(in: Self.suspicionLook) {
            self.assumeIsolated { driver in
                driver.suspectTimer = nil
                for file in driver.files.values { if case .suspect = file.phase { driver.examine(file) } }
            }
        }
    }
}
