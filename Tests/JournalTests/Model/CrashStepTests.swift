import Journal
import TestSupport
import Testing

/// One list of work, with the power cut before every single change that it makes to the disk, and again before every
/// change that the start after it makes.
@Suite("A crash at every step", .ownThread)
struct CrashStepTests {
    /// What the list of work must go through, or the test would prove less than it says.
    static let steps: Set<String> = [
        "create seg", "write header of seg", "write frames of seg", "write seal of seg", "sync seg", "rename seg",
        "rename spare", "sync directory", "create new cursor", "write new cursor", "sync new cursor",
        "rename new cursor", "write cursor", "sync cursor",
    ]

    static func work(_ player: inout Player) {
        player.open()
        for round in 0..<60 where !player.disk.isDown {
            player.append(2)
            if round % 3 == 0 { player.take() }
            if round % 4 == 1 { player.finish() }
            player.disk.clock += 60_000_000
            player.keep()
            if round == 20, !player.disk.isDown {
                player.queue?.close()
                if player.disk.isDown { break }
                player.died(power: false)
                player.open()
            }
            if round > 30 {
                player.take()
                player.finish()
                player.take()
                player.finish()
            }
        }
        for _ in 0..<12 where !player.disk.isDown {
            player.take()
            player.finish()
            player.keep()
            player.disk.clock += 60_000_000
        }
        if !player.disk.isDown { player.queue?.close() }
    }

    @Test("In work")
    func inWork() {
        var seeds = SeededGenerator.announced("steps")
        let seed = seeds.next()
        var whole = Player(seed: seed)
        whole.disk.trace = []
        Self.work(&whole)
        let trace = whole.disk.trace ?? []
        #expect(whole.judge.complaints == [])
        #expect(Self.steps.subtracting(trace).isEmpty, "the list of work has no such step")

        var complaints: [String] = []
        let stride = Dose.of(3, long: 1)
        for at in Swift.stride(from: Int(seeds.next() % UInt64(stride)), to: trace.count, by: stride) {
            var player = Player(seed: seed)
            player.disk.downAt = at
            Self.work(&player)
            for _ in 0..<Dose.of(1, long: 6) {
                var fork = player.fork(seed: seeds.next())
                fork.disk.powerCut()
                fork.check(power: true, crashInRecovery: false)
                complaints += fork.judge.complaints.map { "seed \(seed), before \(at), \(trace[at]): \($0)" }
            }
        }
        print("measured: steps: \(trace.count) changes of \(Set(trace).count) kinds")
        #expect(complaints.prefix(5) == [])
    }

    @Test("In the start after a crash")
    func inRecovery() {
        var seeds = SeededGenerator.announced("steps of recovery")
        let seed = seeds.next()
        var whole = Player(seed: seed)
        whole.disk.trace = []
        Self.work(&whole)
        let trace = whole.disk.trace ?? []
        var complaints: [String] = []
        var kinds: Set<String> = []
        for _ in 0..<Dose.of(12, long: 300) {
            let at = Int(seeds.next() % UInt64(trace.count))
            var player = Player(seed: seed)
            player.disk.downAt = at
            Self.work(&player)
            var cut = player.fork(seed: seeds.next())
            cut.disk.powerCut()
            cut.died(power: true)
            // How many changes the start makes.
            let counted = cut.fork(seed: 1)
            counted.disk.trace = []
            _ = try? TestQueue(counted.disk, counted.options, threads: false)
            let changes = counted.disk.trace ?? []
            kinds.formUnion(changes)
            for step in 0...changes.count {
                var again = cut.fork(seed: seeds.next())
                again.disk.downAt = again.disk.operations + step
                _ = try? TestQueue(again.disk, again.options, threads: false)
                again.disk.powerCut()
                again.check(power: true, crashInRecovery: false)
                complaints += again.judge.complaints.map { "seed \(seed), before \(at), then \(step): \($0)" }
            }
        }
        print("measured: steps of recovery: \(kinds.sorted().joined(separator: ", "))")
        #expect(kinds.isSuperset(of: ["sync seg", "write cursor", "sync cursor", "write seal of seg"]))
        #expect(complaints.prefix(5) == [])
    }
}
