import Journal
import TestSupport
import Testing

/// When the keeper looks at what was delivered: in a steady flow once for each write of the cursor, by itself.
struct CursorPaceTests {
    private let disk = ModelDisk(seed: 1)

    private func deliver(_ queue: TestQueue) throws {
        let take = try #require(queue.take(upTo: 1))
        queue.finish(take.ticket, .delivered)
    }

    @Test("After a write of the cursor the keeper looks again when the next one may be due, and then waits for news")
    func looksAgain() throws {
        var options = JournalOptions.small()
        options.cursorWriteInterval = 1_000_000
        options.cursorSyncInterval = 100_000_000
        let queue = try TestQueue(disk, options, threads: false)
        queue.append(TestPayload(batch: 1, sizes: [20, 20, 20, 20])) { _ in }
        while queue.writerTurn() == .again {}
        disk.clock += 5_000_000
        let start = disk.clock

        try deliver(queue)
        #expect(queue.keeperTurn() == .until(start + 1_000_000))
        #expect(queue.counters.cursorWrites == 1)
        // What comes within the interval waits for its end.
        disk.clock += 400_000
        try deliver(queue)
        #expect(queue.keeperTurn() == .until(start + 1_000_000))
        #expect(queue.counters.cursorWrites == 1)
        disk.clock = start + 1_000_000
        #expect(queue.keeperTurn() == .until(start + 2_000_000))
        #expect(queue.counters.cursorWrites == 2)
        // Nothing came: only the sync is due.
        disk.clock = start + 2_000_000
        #expect(queue.keeperTurn() == .until(start + 100_000_000))
        #expect(queue.counters.cursorWrites == 2)
        // What comes then is written at once.
        disk.clock = start + 50_000_000
        try deliver(queue)
        #expect(queue.keeperTurn() == .until(start + 51_000_000))
        #expect(queue.counters.cursorWrites == 3)
        disk.clock = start + 100_000_000
        #expect(queue.keeperTurn() == .idle)
        #expect(queue.counters.cursorSyncs == 1)
        queue.close()
    }
}
