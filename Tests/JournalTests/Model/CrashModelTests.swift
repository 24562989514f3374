import Journal
import TestSupport
import Testing

/// Random lists against a model disk: whatever happens, nothing stored is lost, nothing else comes out, and what the
/// cursor knew does not come again.
@Suite("Crash states on the model disk", .ownThread)
struct CrashModelTests {
    /// Plays histories until `states` crash states have been looked at.
    static func play(
        _ name: String,
        states: Int,
        directories: Int = 1,
        power: Bool = true,
        change: @escaping (inout JournalOptions) -> Void = { _ in },
        faults: (inout Player) -> Void = { _ in }
    ) -> [String] {
        var seeds = SeededGenerator.announced(name)
        var looked = 0
        var histories = 0
        while looked < states {
            let seed = histories == 0 && Environment.seed != nil ? Environment.seed! : seeds.next()
            histories += 1
            let (complaints, count) = history(
                seed: seed,
                directories: directories,
                power: power,
                change: change,
                faults: faults
            )
            looked += count
            if !complaints.isEmpty {
                return complaints.map { "seed \(seed): \($0)" }
            }
        }
        print("measured: \(name): \(looked) crash states in \(histories) histories")
        return []
    }

    static func history(
        seed: UInt64,
        directories: Int,
        power: Bool,
        change: @escaping (inout JournalOptions) -> Void,
        faults: (inout Player) -> Void
    ) -> (complaints: [String], states: Int) {
        var player = Player(seed: seed, directories: directories, change: change)
        var looked = 0
        player.open()
        for _ in 0..<player.number(2...5) {
            faults(&player)
            for _ in 0..<player.number(0...25) { player.step() }
            // The power goes in the midst of something.
            player.disk.downAt = player.disk.operations + player.number(0...12)
            for _ in 0..<10 where !player.disk.isDown { player.step() }
            for _ in 0..<6 {
                var fork = player.fork(seed: player.random.next())
                let inRecovery = fork.number(0...2) == 0
                if power { fork.disk.powerCut() } else { fork.disk.restart() }
                fork.check(power: power, crashInRecovery: inRecovery)
                looked += inRecovery ? 2 : 1
                if !fork.judge.complaints.isEmpty { return (fork.judge.complaints, looked) }
            }
            // And on with one of the fates; a kill before a later power cut leaves what only the kernel knew.
            let isCut = power && player.number(0...2) > 0
            if isCut { player.disk.powerCut() } else { player.disk.restart() }
            player.died(power: isCut)
            player.open()
            if !player.judge.complaints.isEmpty { break }
        }
        return (player.judge.complaints, looked)
    }

    @Test("After power cuts")
    func powerCuts() {
        let complaints = Self.play("power cuts", states: Dose.of(1_500, long: 60_000))
        #expect(complaints == [])
    }

    @Test("After kills")
    func kills() {
        let complaints = Self.play("kills", states: Dose.of(500, long: 10_000), power: false)
        #expect(complaints == [])
    }

    @Test("Synced at intervals, after kills")
    func intervals() {
        let change: (inout JournalOptions) -> Void = { $0.sync = .interval(300_000_000) }
        let complaints = Self.play("intervals", states: Dose.of(200, long: 4_000), power: false, change: change)
        #expect(complaints == [])
    }

    @Test("Synced at intervals, after power cuts: what came since the last sync may be gone, nothing else")
    func intervalPowerCuts() {
        let change: (inout JournalOptions) -> Void = { $0.sync = .interval(100_000_000) }
        let complaints = Self.play("interval power cuts", states: Dose.of(500, long: 20_000), change: change)
        #expect(complaints == [])
    }

    @Test("With two directories")
    func directories() {
        let complaints = Self.play("two directories", states: Dose.of(500, long: 10_000), directories: 2)
        #expect(complaints == [])
    }

    @Test("Encrypted")
    func encrypted() {
        let change: (inout JournalOptions) -> Void = { $0.cipher = TestCipher(key: 3) }
        let complaints = Self.play("encrypted", states: Dose.of(100, long: 2_000), change: change)
        #expect(complaints == [])
    }

    @Test("With calls that fail, a full disk and short writes")
    func faults() {
        let complaints = Self.play(
            "faults",
            states: Dose.of(1_000, long: 20_000),
            directories: 2,
            faults: { player in
                var faults = ModelDisk.Faults()
                switch player.number(0...3) {
                case 0: faults.syncs = 60
                case 1: (faults.writes, faults.creates, faults.directorySyncs) = (30, 30, 30)
                case 2: faults.shortWrites = 300
                default: player.disk.capacity = player.disk.used + player.number(0...40) << 10
                }
                player.disk.faults = faults
            }
        )
        #expect(complaints == [])
    }
}
