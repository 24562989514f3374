internal import Synchronization

/// The writer thread's work.
extension QueueEngine: SpareSource {
    func has(_ directory: Int) -> Bool {
        state.withLock { state in state.spares.contains { $0.directory == directory } }
    }

    func take(_ directory: Int) -> SegmentSpare? {
        state.withLock { $0.takeSpare(in: directory) }
    }

    /// Stores one group of what waits, and answers.
    @discardableResult
    func writerTurn() -> Turn {
        let group = state.withLock { $0.takeGroup(limit: options.groupLimit) }
        guard !group.isEmpty else {
            let due = writer.withLock { $0.syncWhenDue() }
            publishClosed()
            return due.map { .until($0) } ?? .idle
        }
        var rest = group[...]
        while !rest.isEmpty {
            let count = store(rest)
            rest = rest.dropFirst(count)
        }
        return .again
    }

    /// Stores records from the front; returns how many are answered.
    private func store(_ records: ArraySlice<WaitingRecord>) -> Int {
        let (outcome, closed, segment, spent) = writer.withLock { writer in
            let before = writer.syncNanoseconds
            let outcome = writer.store(records, spares: self)
            _ = writer.syncWhenDue()
            defer { writer.closed = [] }
            // Where the sync of `Sync.interval` failed, the segment is closed already.
            return (outcome, writer.closed, writer.active?.info ?? writer.closed.last, writer.syncNanoseconds - before)
        }
        switch outcome {
        case .stored(let places):
            let stored = records.prefix(places.count)
            let (wake, mustRead) = state.withLock { state in
                for info in closed { state.update(info) }
                guard let segment else { return ([JournalWaker](), false) }
                state.fullTrouble = nil
                state.counters.groups += 1
                state.counters.groupBytes += stored.reduce(0) { $0 + UInt64($1.extent) }
                state.counters.syncNanoseconds += spent
                let wake = state.stored(stored, at: places, segment: segment) { ($0.first, $0.offset) }
                return (wake, state.readRequest() != nil)
            }
            options.answering(
                { for record in stored { record.stored(.success(())) } },
                { for waker in wake { waker.wake() } }
            )
            if !closed.isEmpty || mustRead { keeperSignal.raise() }
            return places.count
        case .refused(let error):
            // What cannot be stored now is refused together: each would ask the disk in vain.
            state.withLock { state in
                for info in closed { state.update(info) }
                if let segment { state.update(segment) }
                state.dropped(records)
                if error.code == .failed {
                    if state.failure == nil {
                        options.notice(JournalNotice(.readOnly, error.message, path: paths.checkpoint))
                    }
                    state.failure = error
                } else {
                    state.fullTrouble = error.message
                }
            }
            options.answering({ for record in records { record.stored(.failure(error)) } }, {})
            return records.count
        }
    }

    /// Tells the others of segments that ended.
    func publishClosed() {
        let closed = writer.withLock { writer in
            defer { writer.closed = [] }
            return writer.closed
        }
        guard !closed.isEmpty else { return }
        state.withLock { state in
            for info in closed { state.update(info) }
        }
    }
}
