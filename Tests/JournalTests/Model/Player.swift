import Journal
import Synchronization
import TestSupport

/// Plays random lists of appends, takes, ends, time and faults against a queue on a model disk.
struct Player {
    let options: JournalOptions
    let disk: ModelDisk
    let log: NoticeLog
    var random: SeededGenerator
    var judge = Judge()
    var queue: TestQueue?
    var nextBatch: UInt64 = 1
    var held: [(ticket: UInt64, ids: [UInt64])] = []
    /// The next start may find what the cursor did not know.
    var lastWasPower = false

    init(seed: UInt64, directories: Int = 1, change: (inout JournalOptions) -> Void = { _ in }) {
        log = NoticeLog()
        var options = JournalOptions.small(directories: directories, log: log)
        change(&options)
        self.options = options
        disk = ModelDisk(seed: seed)
        random = SeededGenerator(seed: seed ^ 0xABCD)
        if options.sync != .everyGroup { judge.firm = [] }
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    // MARK: Starting

    mutating func open() {
        do {
            queue = try TestQueue(disk, options, threads: false)
        } catch {
            if !disk.isDown { judge.complain("start failed: \(error)") }
        }
    }

    // MARK: Playing

    /// Answers that came while the power was on.
    private final class Answers: Sendable {
        let list = Mutex<[(batch: UInt64, isStored: Bool)]>([])
    }

    mutating func append(_ count: Int) {
        guard let queue else { return }
        let answers = Answers()
        for _ in 0..<count {
            let batch = nextBatch
            nextBatch += 1
            let isLarge = number(1...20) == 1
            let sizes = (0..<number(1...(isLarge ? 40 : 6))).map { _ in number(10...(number(1...15) == 1 ? 1_500 : 120))
            }
            judge.offered[batch] = sizes.count
            queue.append(TestPayload(batch: batch, sizes: sizes)) { [disk] result in
                // What a machine says while its power goes is heard by nobody.
                guard !disk.isDown else { return }
                let isStored = if case .success = result { true } else { false }
                answers.list.withLock { $0.append((batch, isStored)) }
            }
        }
        while queue.writerTurn() == .again {}
        for answer in answers.list.withLock({ $0 }) {
            if answer.isStored { judge.stored.insert(answer.batch) } else { judge.refused.insert(answer.batch) }
        }
        if judge.firm != nil, !disk.isDown, !disk.hasUnsynced("seg-") { judge.firm = judge.stored }
        if disk.hasFailed { judge.mayKeepRefused = true }
    }

    mutating func take() {
        guard let queue, let take = queue.take(upTo: number(1...30), bytes: number(100...3_000)) else { return }
        let ids = judge.took(take.ids)
        held.append((take.ticket, ids))
    }

    mutating func finish() {
        guard let queue, !held.isEmpty else { return }
        let (ticket, ids) = held.remove(at: number(0...(held.count - 1)))
        for id in ids { judge.out.remove(id) }
        switch number(0...9) {
        case 0...6:
            queue.finish(ticket, .delivered)
            judge.finished.formUnion(ids)
            judge.known.formUnion(ids)
        case 7, 8:
            queue.finish(ticket, .notDelivered)
        default:
            let failed = ids.indices.filter { _ in number(0...2) == 0 }
            queue.finish(ticket, .except(failed))
            for index in ids.indices where !failed.contains(index) {
                judge.finished.insert(ids[index])
                judge.known.insert(ids[index])
            }
        }
    }

    mutating func keep() {
        guard let queue else { return }
        let before = queue.counters
        while queue.keeperTurn() == .again {}
        guard !disk.isDown else { return }
        let after = queue.counters
        if after.cursorWrites > before.cursorWrites { judge.written = judge.known }
        if after.cursorSyncs > before.cursorSyncs { judge.synced = judge.written }
    }

    /// One random step.
    mutating func step() {
        disk.clock += UInt64(number(0...30)) * 1_000_000
        switch number(0...9) {
        case 0...2: append(number(1...4))
        case 3...5: take()
        case 6, 7: finish()
        default: keep()
        }
    }

    /// Everything the queue gives, taken in small portions.
    mutating func drain(patience: Int = 3) -> [UInt64] {
        guard let queue else { return [] }
        var all: [UInt64] = []
        var idle = 0
        while idle < patience, !disk.isDown {
            if let take = queue.take(upTo: 50) {
                all.append(contentsOf: judge.took(take.ids))
                idle = 0
                held.append((take.ticket, []))
            } else {
                idle += 1
                while queue.keeperTurn() == .again {}
                disk.clock += 2_000_000_000
            }
        }
        return all
    }

    mutating func died(power: Bool) {
        queue = nil
        held = []
        judge.died(power: power)
    }

    /// A start after a crash, with everything that it must be true of it.
    mutating func check(power: Bool, crashInRecovery: Bool) {
        died(power: power)
        if crashInRecovery {
            disk.downAt = disk.operations + number(0...25)
            let early = try? TestQueue(disk, options, threads: false)
            _ = early
            if power { disk.powerCut() } else { disk.restart() }
        }
        open()
        guard let queue else { return }
        if queue.report.lostItems > 0 { judge.complain("\(queue.report.lostItems) items reported lost without damage") }
        let pending = queue.report.pendingItems
        let drained = drain()
        if Int(pending) != drained.count { judge.complain("\(pending) items reported, \(drained.count) there") }
        if queue.counters.lostItems > 0 { judge.complain("\(queue.counters.lostItems) items lost without damage") }
        judge.checkDrained(drained)
    }

    /// The same player on a copy of the disk: another fate from here on.
    func fork(seed: UInt64) -> Player {
        var fork = Player(copying: self, disk: disk.copy())
        fork.disk.dice = SeededGenerator(seed: seed)
        fork.random = SeededGenerator(seed: seed &+ 1)
        return fork
    }

    private init(copying other: Player, disk: ModelDisk) {
        log = NoticeLog()
        var options = other.options
        let log = log
        options.notice = { log.add($0) }
        self.options = options
        self.disk = disk
        random = other.random
        judge = other.judge
        nextBatch = other.nextBatch
    }
}
