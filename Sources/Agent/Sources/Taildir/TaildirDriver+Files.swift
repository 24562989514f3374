internal import Logging
internal import NIOCore

extension TaildirDriver {
    // MARK: - Which files there are

    /// A file of the position file.
    func remember(_ position: FilePosition) {
        let content = number()
        let mark = position.mark.flatMap { $0.offset == position.position ? $0 : nil }
        let start = mark ?? ContentMark(offset: position.position, hash: nil, head: [], tail: [])
        contents[content] = Content(
            progress: Progress(start, earlier: mark == nil ? [] : position.earlier),
            head: position.mark?.head ?? []
        )
        // A file that no group names any more waits in vain for its folder's scan, and is forgotten.
        let file = TailedFile(
            id: number(),
            group: group(of: position) ?? 0,
            inode: position.inode,
            path: position.path,
            content: content,
            phase: .closed,
            startsAtEnd: false,
            now: eventLoop.now
        )
        file.stored = position
        file.modified = position.modified
        file.isSighted = false
        files[file.id] = file
        unseen[position.inode, default: []].append(file.id)
    }

    /// The first group that names a position's path, or else of its folder: the file may have lost its name.
    func group(of position: FilePosition) -> Int? {
        group(of: position.path)
            ?? settings.groups.firstIndex { group in
                group.folder == (position.path.lastIndex(of: "/").map { String(position.path[..<$0]) } ?? "")
            }
    }

    /// The first group that names a path.
    func group(of path: String) -> Int? {
        settings.groups.firstIndex { group in
            let start = group.folder == "/" ? "/" : group.folder + "/"
            return path.hasPrefix(start) && group.pattern.matches(String(path.dropFirst(start.count)))
        }
    }

    func told(_ events: [FolderEvents.Event]) {
        guard !isStopping, let watch else { return }
        var moved: Set<String> = []
        var isChanged = false
        for event in events {
            switch event {
            case .written(let folder, let name):
                let path = watch.path(.init(watch: folder, name: name))
                if let file = path.flatMap({ byPath[$0] }).flatMap({ files[$0] }) {
                    poke(file)
                } else if let path, group(of: path) != nil {
                    isChanged = true
                }
            case .changed, .created: isChanged = true
            case .renamed(let from, let to):
                isChanged = true
                guard let old = watch.path(from), let new = watch.path(to) else { continue }
                guard let chase = chased.removeValue(forKey: old) ?? departure(from: old) else { continue }
                moved.remove(old)
                // Under a matching name the next look finds it.
                guard group(of: new) == nil, chased.count < Self.longestChase else { continue }
                chased[new] = chase
                moved.insert(new)
            }
        }
        for path in moved { chase(path) }
        if isChanged { scan() }
    }

    /// What to go after when a name was given up; nil where nothing is known of the file that had it.
    private func departure(from path: String) -> Chase? {
        let known = byPath[path].flatMap { files[$0] }
        let isNamed = group(of: path) != nil
        guard let first = known?.firstPath ?? (isNamed ? path : nil) else { return nil }
        // Where a known file is now is not certain: without a name that matches it alone is meant, and no other file.
        return Chase(first: first, key: isNamed ? nil : known?.key, since: eventLoop.now)
    }

    /// Holds new files open: each may be a copy.
    func born(_ events: [FolderEvents.Event]) {
        guard !isStopping, let births else { return }
        for event in events {
            guard case .created(let place) = event, let path = births.path(place) else { continue }
            job(
                { try? OpenFile(path) },
                then: { driver, file in
                    guard let file, !driver.isStopping else { return }
                    driver.candidates.append((path, file, driver.eventLoop.now))
                    if driver.candidates.count > Self.mostCandidates { driver.candidates.removeFirst() }
                }
            )
        }
    }

    /// Goes after a file that lost its matching name, perhaps before it was ever seen under it. What is told is history: only
    /// the file itself says which one has that name now. Where it was renamed again meanwhile, that will be told too.
    ///
    /// - Parameter opened: the file, where it is open already.
    func chase(_ path: String, opened: OpenFile? = nil) {
        guard let chase = chased[path], let group = group(of: chase.first) else { return }
        let inquiry = FileExaminer.Inquiry(
            path: path,
            key: FileKey(device: 0, inode: 0),
            known: nil,
            heads: heads(),
            startsAtEnd: false,
            make: settings.cutter(group: group, path: chase.first)
        )
        let look: @Sendable () -> (file: OpenFile, status: FileStatus, finding: FileExaminer.Finding)? = {
            guard let file = opened ?? (try? OpenFile(path)), let status = try? file.status(), status.isRegular,
                chase.key == nil || chase.key == status.key
            else { return nil }
            var inquiry = inquiry
            inquiry.opened = file
            inquiry.key = status.key
            return (file, status, FileExaminer.examine(inquiry))
        }
        job(
            look,
            then: { driver, found in
                guard let found, !driver.isStopping else { return }
                if let file = driver.file(found.status.key, path) {
                    if case .reading = file.phase {
                        if file.isSighted { return }
                    } else if file.unread == nil {
                        // The name may be gone before it is looked into.
                        file.unread = found.file
                    }
                    file.isSighted = false
                    file.path = path
                    driver.byPath[path] = file.id
                    driver.poke(file)
                    return
                }
                let file = driver.add(group, path: path, first: chase.first, found.status)
                file.isSighted = false
                driver.byPath[path] = file.id
                driver.examined(file.id, found.finding)
            }
        )
    }

    /// Looks at all folders, at once or as soon as the present look is over.
    func scan() {
        guard !isStopping else { return }
        guard !isScanning else {
            wantsScan = true
            return
        }
        isScanning = true
        wantsScan = false
        scanTimer?.cancel()
        var wanted: Set<UInt64> = []
        for file in files.values { if case .closed = file.phase { wanted.insert(file.inode) } }
        let (scanner, watch, births, folders) = (scanner, watch, births, Set(settings.groups.map(\.folder)))
        job(
            { [wanted] in
                if let births { for folder in folders { _ = births.add(folder) } }
                // Watched before they are read: what comes between is told.
                let isWatched = watch.map { watch in folders.reduce(true) { watch.add($1) && $0 } } ?? false
                return (scanner.scan(wanted: wanted), isWatched)
            },
            then: { driver, result in
                driver.scanned(result.0, isWatched: result.1)
            }
        )
    }

    private func scanned(_ scan: FolderScanner.Scan, isWatched: Bool) {
        isScanning = false
        guard !isStopping else { return }
        watchesAll = isWatched && !scan.hasLinks
        for (group, reason) in scan.failures {
            let folder = settings.groups[group].folder
            log.warning(
                "cannot list a folder; it is tried again",
                key: folder,
                metadata: ["folder": "\(folder)", "reason": "\(reason)"]
            )
        }
        for file in files.values { file.isSighted = false }
        byPath = [:]
        candidates.removeAll { eventLoop.now - $0.since >= Self.candidateTime }
        chased = chased.filter { eventLoop.now - $0.value.since < Self.chaseTime }
        for sighting in scan.files { see(sighting) }
        for stray in scan.strays { seeStray(stray) }
        let blind = Set(scan.failures.map { settings.groups[$0.group].folder })
        for (content, search) in sought where !search.isBegun && !blind.contains(search.folder) { look(for: content) }
        for file in files.values where !file.isSighted && !blind.contains(file.folder) {
            lose(file)
        }
        isFirstScan = false
        if wantsScan {
            self.scan()
        } else {
            lookLater()
        }
    }

    /// With all folders watched a look now and then is enough, else the pause grows as Flume's does.
    private func lookLater() {
        looks += 1
        let (pause, overflow) = settings.backoff.increment.nanoseconds.multipliedReportingOverflow(by: looks)
        let polled = overflow ? settings.backoff.longest : min(.nanoseconds(pause), settings.backoff.longest)
        let next = max(.milliseconds(10), watchesAll ? settings.backoff.longest : polled)
        scanTimer = eventLoop.scheduleTask(in: next) { self.assumeIsolated { $0.scan() } }
    }

    private func see(_ sighting: FolderScanner.Sighting) {
        let (path, status) = (sighting.path, sighting.status)
        guard let file = file(status.key, path) else {
            let file = add(sighting.group, path: path, first: path, status)
            byPath[path] = file.id
            examine(file)
            return
        }
        // A second name of the same file is none.
        guard !file.isSighted else { return }
        file.isSighted = true
        file.path = path
        byPath[path] = file.id
        let isChanged = file.seen != status
        file.seen = status
        switch file.phase {
        case .reading: if isChanged { poke(file) }
        case .closed, .new: if isChanged { examine(file) }
        case .failed: examine(file)
        case .suspect: if isChanged { examine(file) }
        }
    }

    /// The known file of this inode, where there is one.
    private func file(_ key: FileKey, _ path: String) -> TailedFile? {
        if let id = byKey[key] { return files[id] }
        guard let ids = unseen[key.inode], let id = ids.first(where: { files[$0]?.path == path }) ?? ids.first
        else { return nil }
        unseen[key.inode] = ids.count == 1 ? nil : ids.filter { $0 != id }
        byKey[key] = id
        files[id]?.key = key
        return files[id]
    }

    /// A closed file has lost its matching name; there may be something new in it.
    private func seeStray(_ stray: FolderScanner.Sighting) {
        guard let file = file(stray.status.key, stray.path), !file.isSighted, case .closed = file.phase else { return }
        guard file.stored != nil || stray.status.size != contents[file.content]?.progress.delivered.offset else {
            return
        }
        file.path = stray.path
        file.seen = stray.status
        examine(file)
    }

    func add(_ group: Int, path: String, first: String, _ status: FileStatus) -> TailedFile {
        let content = number()
        contents[content] = Content(progress: Progress(.start), head: [])
        let file = TailedFile(
            id: number(),
            group: group,
            inode: status.key.inode,
            path: first,
            content: content,
            phase: .new,
            startsAtEnd: isFirstScan && settings.skipToEnd,
            now: eventLoop.now
        )
        file.path = path
        file.key = status.key
        file.seen = status
        files[file.id] = file
        byKey[status.key] = file.id
        return file
    }

    /// A file has no matching name any more.
    private func lose(_ file: TailedFile) {
        switch file.phase {
        case .reading:
            // Written to under whatever name it has now.
            if byPath[file.path] == nil { byPath[file.path] = file.id }
            poke(file)
        case .closed where file.isBusy: break
        case .closed:
            if let stored = file.stored { searchLost(file, stored) } else { keep(file.content) }
            forget(file)
        // Held open, it is compared yet; unless it is a gzip file, which may still have a plain one beside it.
        case .suspect where file.unread is OpenFile: break
        // Empty so far, and perhaps written to under whatever name it has now.
        case .new where file.unread is OpenFile: poke(file)
        case .new, .suspect, .failed:
            if !file.isBusy { forget(file) }
        }
    }

    /// A gzip file may be made of what is gone.
    func keep(_ content: Int) {
        guard gone.insert(content).inserted else { return }
        contents[content]?.users += 1
        eventLoop.scheduleTask(in: Self.pastTime) {
            self.assumeIsolated { driver in
                driver.gone.remove(content)
                driver.release(content)
            }
        }
    }

    func forget(_ file: TailedFile) {
        files[file.id] = nil
        if let key = file.key, byKey[key] == file.id { byKey[key] = nil }
        if byPath[file.path] == file.id { byPath[file.path] = nil }
        if let ids = unseen[file.inode] {
            let rest = ids.filter { $0 != file.id }
            unseen[file.inode] = rest.isEmpty ? nil : rest
        }
        release(file.content)
        liken(file, to: nil)
    }

    /// A file keeps the content that it begins like.
    func liken(_ file: TailedFile, to content: Int?) {
        guard file.likened != content else { return }
        if let content { contents[content]?.users += 1 }
        if let old = file.likened { release(old) }
        file.likened = content
    }

    /// One file or parcel less refers to a content.
    func release(_ content: Int) {
        contents[content]?.users -= 1
        if contents[content]?.users == 0 { contents[content] = nil }
    }
}
