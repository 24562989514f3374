internal import Synchronization

/// The keeper thread's work.
extension QueueEngine {
    /// Writes and syncs the cursor where it is due, releases what it covers, and reads on.
    @discardableResult
    func keeperTurn() -> Turn {
        keeper.withLock { keeper in
            var next = keepCursor(&keeper, force: false)
            release(&keeper)
            switch read(&keeper) {
            case .again: return .again
            case .idle: break
            case .until(let time): next = min(next ?? .max, time)
            }
            return next.map { .until($0) } ?? .idle
        }
    }

    /// The last write, synced.
    func keeperClose() {
        keeper.withLock { keeper in
            _ = keepCursor(&keeper, force: true)
            release(&keeper)
            keeper.close()
        }
    }

    private func keepCursor(_ keeper: inout QueueKeeper<FileSystem>, force: Bool) -> UInt64? {
        let synced = options.sync == .everyGroup ? nil : writer.withLock { $0.synced }
        let now = files.now()
        let content = state.withLock { state in
            state.cursorIsRead()
            return CursorContent(
                done: state.done,
                durable: min(synced ?? .max, state.durable),
                nextSegment: state.nextSegment
            )
        }
        let before = (keeper.writes, keeper.syncs)
        let next = keeper.keep(content, queue: queue, now: now, force: force)
        let (writes, syncs) = (keeper.writes - before.0, keeper.syncs - before.1)
        state.withLock { state in
            state.cursorTrouble = keeper.trouble
            if keeper.looksAgain { state.cursorFollows() }
            state.counters.cursorWrites += writes
            state.counters.cursorSyncs += syncs
        }
        return next
    }

    private func release(_ keeper: inout QueueKeeper<FileSystem>) {
        while let segment = state.withLock({ $0.releasable(syncedFloor: keeper.syncedFloor) }) {
            let spares = state.withLock { $0.spares.count }
            if let spare = keeper.release(segment, isKept: spares < options.spareLimit) {
                state.withLock { $0.spares.append(spare) }
            }
        }
    }

    private func read(_ keeper: inout QueueKeeper<FileSystem>) -> Turn {
        guard let request = state.withLock({ $0.readRequest() }) else {
            keeper.stopReading()
            return .idle
        }
        if let until = keeper.readAgainAt, files.now() < until { return .until(until) }
        do throws(JournalError) {
            let result = try keeper.read(request, as: payload)
            let (losses, wake) = state.withLock { state in
                state.readTrouble = nil
                return state.read(result)
            }
            for loss in losses { keeper.tell(loss, of: request.segment) }
            for waker in wake { waker.wake() }
            return .again
        } catch {
            state.withLock { $0.readTrouble = error.message }
            return .until(keeper.readAgainAt ?? files.now() + options.retryInterval)
        }
    }
}
