internal import Events
internal import Logging
internal import NIOCore

extension TaildirDriver {
    // MARK: - Reading

    /// Something may be new in a file.
    func poke(_ file: TailedFile) {
        switch file.phase {
        case .reading: break
        case .suspect: return
        case .new, .closed, .failed:
            examine(file)
            return
        }
        guard !file.isBusy else {
            file.isPoked = true
            return
        }
        file.hasMore = true
        let wait = Self.readPause - (eventLoop.now - file.lastRead)
        guard wait > .zero else {
            read(file)
            return
        }
        guard !file.isScheduled else { return }
        file.isScheduled = true
        let id = file.id
        eventLoop.scheduleTask(in: wait) {
            self.assumeIsolated { driver in
                guard let file = driver.files[id] else { return }
                file.isScheduled = false
                driver.read(file)
            }
        }
    }

    /// Reads on, where there is more, and room for it.
    func read(_ file: TailedFile) {
        guard case .reading = file.phase, !file.isBusy, file.hasMore, let reader = file.reader else { return }
        guard !isStopping || mustFinish(file) else { return }
        guard file.heldBytes < Self.heldBytes, file.held < Self.heldBatches,
            file.held == 0 || heldBytes < Self.heldBytesOfAll
        else { return }
        file.isBusy = true
        file.hasMore = false
        file.isPoked = false
        let (id, blocks, batches) = (file.id, blocks, Int(min(settings.maxBatchCount, Int64(Self.heldBatches))))
        job({ reader.read(batches: batches, blocks: blocks) }, then: { driver, outcome in driver.didRead(id, outcome) })
    }

    private func didRead(_ id: Int, _ outcome: TailReader.Outcome) {
        guard let file = files[id] else { return }
        file.isBusy = false
        file.isDeleted = outcome.isDeleted
        file.hasRest = outcome.hasRest
        file.lastRead = eventLoop.now
        if let modified = outcome.modified { file.modified = modified }
        if outcome.count > 0 {
            file.lastChange = eventLoop.now
            looks = 0
        }
        if outcome.longLines > 0 { reportLongLines(outcome.longLines, file) }
        guard !isStopping || mustFinish(file) else { return }
        enqueue(outcome.cuts, of: file.content, for: file)
        switch outcome.ending {
        case .atEnd: break
        case .more: file.hasMore = true
        case .rewritten(let end, let rest):
            logger.info(
                "a file was emptied or written anew; it is read from its start",
                metadata: ["file": "\(file.path)", "offset": "\(end.offset)"]
            )
            let (old, modified) = (file.content, file.modified)
            switchContent(file)
            file.hasMore = true
            if end.offset > 0 {
                searchCopy(of: old, end, modified: modified, from: file, rest: rest)
            } else {
                enqueue(rest, of: old, for: file)
                release(old)
            }
        case .failed(let reason):
            failed(file, reason)
        }
        if outcome.hasRecord { endRecordLater(file) }
        if file.hasMore { read(file) }
        if file.isPoked { poke(file) }
    }

    private func reportLongLines(_ count: Int, _ file: TailedFile) {
        longLines.add(count)
        log.warning(
            "a line longer than maxLineBytes was cut; the rest is an event of its own",
            key: "long \(file.path)",
            metadata: ["file": "\(file.path)", "maxLineBytes": "\(settings.maxLineBytes)"]
        )
    }

    /// A record that nothing is added to for a while is complete.
    private func endRecordLater(_ file: TailedFile) {
        guard let multiline = settings.multiline else { return }
        let (id, change) = (file.id, file.lastChange)
        eventLoop.scheduleTask(in: multiline.timeout) {
            self.assumeIsolated { driver in
                guard let file = driver.files[id], file.lastChange == change, case .reading = file.phase,
                    !driver.isStopping
                else { return }
                guard !file.isBusy else {
                    driver.endRecordLater(file)
                    return
                }
                driver.finish(file, recordOnly: true)
            }
        }
    }

    /// Makes events of what was read and has no end.
    func finish(_ file: TailedFile, recordOnly: Bool = false) {
        guard !file.isBusy, let reader = file.reader else { return }
        file.isBusy = true
        let id = file.id
        job(
            { recordOnly ? reader.finishRecord() : reader.finish() },
            then: { driver, cuts in
                guard let file = driver.files[id] else { return }
                file.isBusy = false
                if !recordOnly { file.hasRest = false }
                guard !driver.isStopping || driver.mustFinish(file) else { return }
                driver.enqueue(cuts, of: file.content, for: file)
                if file.isPoked { driver.poke(file) }
            }
        )
    }

    /// Closes what was not written to for `idleTimeout`, and forgets what has no matching name besides.
    func closeIdle() {
        let now = eventLoop.now
        for file in files.values {
            if case .new = file.phase, !file.isSighted, !file.isBusy, now - file.lastChange >= settings.idleTimeout {
                forget(file)
                continue
            }
            guard case .reading = file.phase, !file.isBusy, !file.hasMore, now - file.lastChange >= settings.idleTimeout
            else { continue }
            if file.hasRest {
                finish(file)
                continue
            }
            guard file.held == 0, contents[file.content]?.progress.isSettled ?? true else { continue }
            file.reader = nil
            file.phase = .closed
            counters.openConnections.set(files.values.count { $0.reader != nil })
            if !file.isSighted {
                keep(file.content)
                forget(file)
            }
        }
    }
}
