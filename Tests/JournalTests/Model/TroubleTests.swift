import Journal
import Synchronization
import TestSupport
import Testing

/// Single faults, one at a time, and what is made of them.
@Suite("Trouble")
struct TroubleTests {
    let disk: ModelDisk
    let log = NoticeLog()

    init() {
        disk = ModelDisk(seed: 3)
    }

    private init(disk: ModelDisk) {
        self.disk = disk
    }

    func open(directories: Int = 1, change: (inout JournalOptions) -> Void = { _ in }) throws(JournalError) -> TestQueue
    {
        var options = JournalOptions.small(directories: directories, log: log)
        change(&options)
        return try TestQueue(disk, options, threads: false)
    }

    /// Appends one batch of items and returns the error.
    @discardableResult
    func append(_ queue: TestQueue, _ batch: UInt64, sizes: [Int] = [50, 50]) -> JournalError? {
        let answer = Mutex<Result<Void, JournalError>?>(nil)
        queue.append(TestPayload(batch: batch, sizes: sizes)) { result in answer.withLock { $0 = result } }
        while queue.writerTurn() == .again {}
        switch answer.withLock({ $0 }) {
        case .success: return nil
        case .failure(let error): return error
        case nil: return JournalError(.busy, "not answered")
        }
    }

    func drain(_ queue: TestQueue) -> [UInt64] {
        var all: [UInt64] = []
        for _ in 0..<2_000 where queue.pendingItems > 0 {
            if let take = queue.take(upTo: 100) {
                all += take.ids.map { $0 ?? .max }
                queue.finish(take.ticket, .delivered)
            }
            while queue.keeperTurn() == .again {}
            disk.clock += 200_000_000
        }
        return all
    }

    func ids(_ batches: some Sequence<UInt64>, _ count: Int = 2) -> [UInt64] {
        batches.flatMap { batch in (0..<count).map { batch << 16 | UInt64($0) } }
    }

    @Test("Where the sync of an interval fails, what was acknowledged is delivered, and no longer counts as waiting")
    func intervalSyncFails() throws {
        let queue = try open { $0.sync = .interval(300_000_000) }
        #expect(append(queue, 1) == nil)
        disk.clock += 300_000_000
        disk.faults.syncs = 1_000
        #expect(append(queue, 2) == nil)
        disk.faults.syncs = 0
        #expect(queue.counters.waitingBytes == 0)
        #expect(queue.counters.storedItems == 4)
        #expect(append(queue, 3) == nil)
        #expect(drain(queue) == ids(1...3))
    }

    /// The kernel takes pages for clean whose sync failed: they are read after a kill, and gone after a power failure.
    @Test("What a start believes is on the disk, wherever a kill followed a failed sync", arguments: 1...8)
    func believed(stop: Int) throws {
        for seed in 1...16 {
            let rig = TroubleTests(disk: ModelDisk(seed: UInt64(seed)))
            let first = try rig.open()
            #expect(rig.append(first, 1) == nil)
            rig.disk.faults.syncs = 1_000
            rig.disk.downAt = rig.disk.operations + stop
            #expect(rig.append(first, 2, sizes: [900, 900]) != nil)
            rig.disk.restart()
            _ = try rig.open()
            rig.disk.powerCut()
            let last = try rig.open()
            let pending = last.report.pendingItems
            #expect(last.report.lostItems == 0)
            // The batch that was refused may come or not; what is told to be there is there.
            #expect(rig.drain(last).count == Int(pending), "seed \(seed)")
            #expect(last.counters.lostItems == 0, "seed \(seed)")
        }
    }

    /// The disk is full, so the next segment is begun in a released one; that fails, and the one before goes on. A power
    /// failure then brings back the name of the one that was given up, with its header, which says where it would have begun.
    @Test("A segment that was given up unused does not end the one before it")
    func givenUpUnused() throws {
        let queue = try open { $0.segmentSize = 64 << 10 }
        var batch: UInt64 = 0
        func store(_ queue: TestQueue) -> JournalError? {
            batch += 1
            return append(queue, batch, sizes: [900, 900])
        }
        // A second segment is begun, and the first one released.
        while queue.counters.segments < 2 { try #require(store(queue) == nil) }
        #expect(drain(queue) == ids(1...batch))
        try #require(queue.counters.segments == 1)
        let delivered = batch
        // No more than what is filled already fits, and the name of the segment that is begun instead cannot be made safe.
        disk.capacity = disk.used
        disk.faults.directorySyncs = 1_000
        while store(queue) == nil {}
        try #require(log.count(.directoryFull) == 1 && log.count(.syncFailed) > 0)
        let refused = batch
        disk.faults.directorySyncs = 0
        disk.capacity = .max
        disk.clock += 5_000_000_000
        #expect(store(queue) == nil)
        let kept = ids((delivered + 1)..<refused) + ids([batch])
        var cameBack = 0
        for seed in 1...64 as ClosedRange<UInt64> {
            let rig = TroubleTests(disk: disk.copy())
            rig.disk.dice = SeededGenerator(seed: seed)
            rig.disk.powerCut()
            cameBack += rig.disk.directories["/data0"]?.live.keys.count { $0.hasPrefix("seg-") } == 2 ? 1 : 0
            let again = try rig.open { $0.segmentSize = 64 << 10 }
            #expect(again.report.lostItems == 0)
            #expect(Set(rig.drain(again)).isSuperset(of: kept), "seed \(seed)")
        }
        #expect(cameBack > 0)
    }

    @Test("A full disk refuses, lives, and takes again when there is room")
    func full() throws {
        disk.capacity = 200 << 10
        let queue = try open()
        var batch: UInt64 = 1
        while append(queue, batch, sizes: [900, 900]) == nil {
            batch += 1
            try #require(batch < 1_000)
        }
        let error = try #require(append(queue, batch, sizes: [900, 900]))
        #expect(error.code == .noSpace && error.isRetriable)
        #expect(error.message.contains("/data0") && error.message.contains("minimumRequiredSpace"))
        #expect(queue.trouble == error.message)
        #expect(log.count(.directoryFull) == 1, "once, however often it is met")
        // Draining needs no room: segments are released and written over.
        let first = drain(queue)
        #expect(first == ids(1..<batch))
        disk.clock += 2_000_000_000
        #expect(append(queue, batch, sizes: [900, 900]) == nil)
        #expect(queue.trouble == nil)
        #expect(log.count(.directoryBack) == 1)
        #expect(drain(queue) == ids([batch]))
    }

    @Test("minimumRequiredSpace stays free")
    func minimum() throws {
        disk.capacity = 400 << 10
        let queue = try open { $0.minimumRequiredSpace = 150 << 10 }
        var batch: UInt64 = 1
        while append(queue, batch, sizes: [900, 900]) == nil { batch += 1 }
        #expect(disk.capacity - disk.used >= 150 << 10)
        #expect(disk.capacity - disk.used < 180 << 10)
    }

    @Test("A failed sync is not believed again: what was being stored goes to a new segment")
    func syncFails() throws {
        let queue = try open()
        #expect(append(queue, 1) == nil)
        let segments = queue.counters.segments
        disk.faults.syncs = 1_000
        disk.faults.scope = try #require(DamageTests.files(disk).first { $0.path.contains("/seg-") }).path
        #expect(append(queue, 2) == nil)
        disk.faults = ModelDisk.Faults()
        #expect(queue.counters.segments == segments + 1)
        #expect(log.count(.syncFailed) == 1)
        disk.powerCut()
        let again = try open()
        #expect(again.report.lostItems == 0)
        #expect(drain(again) == ids(1...2))
    }

    @Test("Every directory failed: nothing is stored any more, what is held is delivered")
    func readOnly() throws {
        let queue = try open(directories: 2)
        for batch in 1...5 as ClosedRange<UInt64> { #expect(append(queue, batch) == nil) }
        disk.faults.syncs = 1_000
        disk.faults.scope = "/data"
        let error = try #require(append(queue, 6))
        #expect(error.code == .failed && !error.isRetriable)
        #expect(log.count(.directoryFailed) == 2)
        disk.faults = ModelDisk.Faults()
        #expect(append(queue, 7)?.code == .failed, "until a restart")
        #expect(log.count(.readOnly) == 1)
        #expect(queue.trouble?.contains("until a restart") == true)
        #expect(drain(queue) == ids(1...5))
    }

    @Test("Segments go to the directories in turn; a failed one is left out")
    func turns() throws {
        let queue = try open(directories: 2)
        for batch in 1...40 as ClosedRange<UInt64> { #expect(append(queue, batch, sizes: [500, 500]) == nil) }
        let names = DamageTests.files(disk).filter { $0.path.contains("/seg-") }.map(\.path)
        let numbers = [0, 1].map { directory in
            names.filter { $0.hasPrefix("/data\(directory)/") }.compactMap { Int($0.dropFirst(11).prefix(20)) }.sorted()
        }
        #expect(numbers[0].count >= 2 && abs(numbers[0].count - numbers[1].count) <= 1)
        #expect((numbers[0] + numbers[1]).sorted() == Array(1...(numbers[0].count + numbers[1].count)))
        #expect(numbers[0] == numbers[0].indices.map { numbers[0][0] + 2 * $0 })

        disk.faults.syncs = 1_000
        disk.faults.creates = 1_000
        disk.faults.scope = "/data0"
        for batch in 41...80 as ClosedRange<UInt64> { #expect(append(queue, batch, sizes: [500, 500]) == nil) }
        #expect(log.count(.syncFailed) >= 1)
        let later = DamageTests.files(disk).filter { $0.path.contains("/data0/seg-") }.map(\.path)
        #expect(later.count <= numbers[0].count, "\(later)")
        disk.faults = ModelDisk.Faults()
        #expect(drain(queue) == ids(1...80))
    }

    @Test("Released segments are written over, four of them at most are kept")
    func spares() throws {
        let queue = try open()
        for batch in 1...120 as ClosedRange<UInt64> { #expect(append(queue, batch, sizes: [500, 500]) == nil) }
        #expect(drain(queue) == ids(1...120))
        let kept = DamageTests.files(disk).filter { $0.path.contains("/spare-") }.map(\.inode)
        #expect(kept.count == 4)
        let files = disk.inodes.count
        for batch in 121...150 as ClosedRange<UInt64> { #expect(append(queue, batch, sizes: [500, 500]) == nil) }
        #expect(disk.inodes.count == files, "no new file")
        #expect(drain(queue) == ids(121...150))
    }

    @Test("A start reads no sealed segment, and after a crash one at most")
    func boundedReplay() throws {
        let queue = try open()
        for batch in 1...400 as ClosedRange<UInt64> { #expect(append(queue, batch, sizes: [500, 500]) == nil) }
        let segments = queue.counters.segments
        #expect(segments > 30)
        disk.bytesRead = 0
        disk.restart()
        let again = try open()
        #expect(again.report.segments == segments)
        #expect(again.report.scannedSegments == 1)
        #expect(again.report.pendingItems == 800)
        // Two blocks of each segment, one segment, and the cursors.
        #expect(disk.bytesRead <= segments * 8_192 + (40 << 10) + 3 * 65_600)
        again.close()
        disk.bytesRead = 0
        let third = try open()
        #expect(third.report.scannedSegments == 0)
        #expect(disk.bytesRead <= segments * 8_192 + (8 << 10) + 3 * 65_600)
        #expect(drain(third) == ids(1...400))
    }

    @Test("Memory holds so much and no more, whatever the backlog")
    func window() throws {
        let queue = try open()
        for batch in 1...300 as ClosedRange<UInt64> { append(queue, batch, sizes: [100, 100]) }
        #expect(queue.counters.windowBytes <= 3 << 10)
        while queue.keeperTurn() == .again {}
        #expect(queue.counters.windowBytes <= 4 << 10)
        #expect(drain(queue) == ids(1...300))
    }

    @Test("A record larger than a segment has one of its own")
    func large() throws {
        let queue = try open()
        let sizes = Array(repeating: 1_000, count: 60)
        #expect(append(queue, 1) == nil)
        #expect(append(queue, 2, sizes: sizes) == nil)
        #expect(append(queue, 3) == nil)
        disk.powerCut()
        let again = try open()
        #expect(drain(again) == ids([1]) + ids([2], 60) + ids([3]))
    }

    @Test("Synced at intervals: a kill loses nothing, a power cut what was not synced, and neither is called a loss")
    func interval() throws {
        let queue = try open { $0.sync = .interval(1_000_000_000) }
        for batch in 1...5 as ClosedRange<UInt64> { #expect(append(queue, batch) == nil) }
        #expect(queue.writerTurn() == .until(disk.clock + 1_000_000_000))
        disk.clock += 1_000_000_000
        #expect(queue.writerTurn() == .idle)
        for batch in 6...9 as ClosedRange<UInt64> { #expect(append(queue, batch) == nil) }
        let copy = disk.copy()
        copy.restart()
        let killed = TroubleTests(disk: copy)
        #expect(killed.drain(try killed.open()) == ids(1...9))
        disk.powerCut()
        let again = try open()
        #expect(again.report.lostItems == 0)
        let left = drain(again)
        #expect(left.starts(with: ids(1...5)) && left == left.sorted())
    }

    /// What a start takes for done must lie below what it stores next.
    @Test("After rot of the last frames of a killed queue, nothing new takes the place of what is lost")
    func rottenEnd() throws {
        let queue = try open()
        for batch in 1...4 as ClosedRange<UInt64> { #expect(append(queue, batch) == nil) }
        let copy = disk.copy()
        copy.restart()
        let segment = try #require(DamageTests.files(copy).first { $0.path.contains("/seg-") })
        // A frame has 40 bytes before its payload of 100, and 4 behind it.
        for frame in [2, 3] { DamageTests.change(copy, segment.inode) { $0[8_192 + frame * 144 + 70] ^= 1 } }
        let killed = TroubleTests(disk: copy)
        let next = try killed.open()
        // Of the last frame nobody knows that it was synced.
        #expect(next.report.lostItems == 2)
        #expect(next.pendingItems == 4)
        for batch in 5...6 as ClosedRange<UInt64> { #expect(killed.append(next, batch) == nil) }
        let last = copy.copy()
        last.restart()
        let again = TroubleTests(disk: last)
        #expect(again.drain(try again.open()) == ids([1, 2, 5, 6]))
    }

    @Test("After a power cut between two syncs, nothing new takes the place of what was delivered out of order")
    func deliveredAndNotSynced() throws {
        for seed in 1...40 as ClosedRange<UInt64> {
            let rig = TroubleTests(disk: ModelDisk(seed: seed))
            let change = { (options: inout JournalOptions) in options.sync = .interval(60_000_000_000) }
            let queue = try rig.open(change: change)
            for batch in 1...5 as ClosedRange<UInt64> { rig.append(queue, batch) }
            let first = try #require(queue.take(upTo: 4))
            let second = try #require(queue.take(upTo: 2))
            queue.finish(second.ticket, .delivered)
            withExtendedLifetime(first) {}
            for _ in 0..<3 {
                while queue.keeperTurn() == .again {}
                rig.disk.clock += 200_000_000
            }
            rig.disk.powerCut()
            let next = try rig.open(change: change)
            #expect(next.report.lostItems == 0)
            for batch in 11...13 as ClosedRange<UInt64> { #expect(rig.append(next, batch) == nil) }
            let copy = rig.disk.copy()
            copy.restart()
            let again = TroubleTests(disk: copy)
            let drained = again.drain(try again.open())
            #expect(drained.suffix(6) == ids(11...13)[...], "seed \(seed)")
            #expect(Set(drained).isDisjoint(with: ids([3])), "seed \(seed)")
        }
    }

    @Test("Takes stop when too much is out, and go on when the first of it is back")
    func inFlight() throws {
        let queue = try open { $0.inFlightLimit = 4 }
        for batch in 1...5 as ClosedRange<UInt64> { append(queue, batch) }
        let first = try #require(queue.take(upTo: 2))
        let second = try #require(queue.take(upTo: 2))
        let woken = Mutex(0)
        #expect(queue.take(upTo: 2, waking: JournalWaker { woken.withLock { $0 += 1 } }) == nil)
        queue.finish(second.ticket, .delivered)
        #expect(woken.withLock { $0 } == 0)
        queue.finish(first.ticket, .notDelivered)
        #expect(woken.withLock { $0 } == 1)
        let back = try #require(queue.take(upTo: 2))
        #expect(back.ids == first.ids)
        queue.finish(back.ticket, .delivered)
        #expect(queue.take(upTo: 9)?.ids == ids(3...4))
    }

    @Test("Too much that waits is refused at once")
    func busy() throws {
        let queue = try open { $0.waitingLimit = 400 }
        let codes = Mutex<[JournalError.Code?]>([])
        for batch in 1...3 as ClosedRange<UInt64> {
            queue.append(TestPayload(batch: batch, sizes: [150])) { result in
                if case .failure(let error) = result { codes.withLock { $0.append(error.code) } }
            }
        }
        #expect(codes.withLock { $0 } == [.busy])
        while queue.writerTurn() == .again {}
        #expect(drain(queue) == ids(1...2, 1))
    }

    @Test("A segment whose key is missing stops the start, with the key's name; damage to one header does not")
    func keys() throws {
        let queue = try open { $0.cipher = TestCipher(key: 7) }
        for batch in 1...9 as ClosedRange<UInt64> { append(queue, batch) }
        queue.close()
        let (path, inode) = try #require(DamageTests.files(disk).first { $0.path.contains("/seg-") })
        let plain = TestPayload.item(1 << 16, size: 50)
        let live = disk.inodes[inode].live
        #expect(!live.indices.contains { live[$0...].starts(with: plain) }, "the plain bytes are on disk")
        let other = #expect(throws: JournalError.self) { _ = try open { $0.cipher = TestCipher(key: 8) } }
        #expect(other?.code == .key && other?.message.contains("key-7") == true)
        disk.restart()
        let none = #expect(throws: JournalError.self) { _ = try open() }
        #expect(none?.code == .key && none?.message.contains(path) == true)
        disk.restart()
        DamageTests.change(disk, inode) { $0[70] ^= 1 }
        #expect(drain(try open { $0.cipher = TestCipher(key: 7) }) == ids(1...9))
    }

    @Test("A cursor of another queue is not believed")
    func foreignCursor() throws {
        let queue = try open()
        for batch in 1...9 as ClosedRange<UInt64> { append(queue, batch) }
        queue.close()
        let other = TroubleTests(disk: ModelDisk(seed: 99))
        let foreign = try other.open()
        for batch in 1...50 as ClosedRange<UInt64> { other.append(foreign, batch) }
        _ = other.drain(foreign)
        foreign.close()
        for name in ["cursor.0", "cursor.1"] {
            let bytes = other.disk.inodes[try #require(other.disk.inode("/checkpoint/\(name)"))].live
            DamageTests.change(disk, try #require(disk.inode("/checkpoint/\(name)"))) { $0 = bytes }
        }
        #expect(drain(try open()) == ids(1...9))
        #expect(log.count(.cursor) == 1)
    }
}
