internal import Journal

/// Flume's `ChannelCounter` and `FileChannelCounter` (org.apache.flume.channel.file.instrumentation), and what the queue
/// counts of itself.
struct FileChannelCounters: Sendable {
    let channel: ChannelCounters
    let putErrors: Counter
    let takeErrors: Counter
    let checkpointErrors: Counter

    /// - Parameter store: `nil` while the channel is not open.
    init(_ channel: ChannelCounters, room: ChannelRoom, store: @escaping @Sendable () -> EventStore?) {
        self.channel = channel
        let group = channel.group
        channel.describe(capacity: room.capacity) { room.events }
        group.computed("Open") { store() == nil ? "false" : "true" }
        group.computed("Closed") { store() == nil ? "1" : "0" }
        group.computed("Unhealthy") { store()?.queue.trouble == nil ? "0" : "1" }
        putErrors = group.counter("EventPutErrorCount")
        takeErrors = group.counter("EventTakeErrorCount")
        checkpointErrors = group.counter("CheckpointWriteErrorCount")
        _ = group.counter("CheckpointBackupWriteErrorCount")
        let own: [(String, @Sendable (JournalCounters) -> Int)] = [
            ("LostEventCount", { Int($0.lostItems) }),
            ("ReturnedEventCount", { Int($0.returnedItems) }),
            ("ReadBackEventCount", { Int($0.readItems) }),
            ("StoredByteCount", { Int($0.storedBytes) }),
            ("GroupCommitCount", { Int($0.groups) }),
            ("SyncTimeMicros", { Int($0.syncNanoseconds / 1_000) }),
            ("CursorWriteCount", { Int($0.cursorWrites) }),
            ("CursorSyncCount", { Int($0.cursorSyncs) }),
            ("SegmentCount", { $0.segments }),
            ("WindowBytes", { $0.windowBytes }),
            ("WaitingBytes", { $0.waitingBytes }),
        ]
        for (name, value) in own {
            group.computed(name) { store().map { String(value($0.queue.counters)) } ?? "0" }
        }
    }

    /// A batch was not stored.
    func notStored(_ error: JournalError) {
        if error.code == .noSpace || error.code == .failed { putErrors.add() }
    }

    func told(_ notice: JournalNotice) {
        if notice.kind == .lost { takeErrors.add() }
        if notice.kind == .cursor { checkpointErrors.add() }
    }
}
