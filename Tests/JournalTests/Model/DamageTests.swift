import Journal
import TestSupport
import Testing

/// Damage at rest: the queue starts, says exactly what it lost, and gives out nothing else.
@Suite("Damage at rest", .ownThread)
struct DamageTests {
    /// A queue that was closed, and what it must give.
    struct Rest {
        var player: Player
        var expected: Set<UInt64>
        var finished: Set<UInt64>
    }

    static func rest(seed: UInt64, rounds: Int, cipher: Bool = false) -> Rest {
        var player = Player(seed: seed) { options in
            if cipher { options.cipher = TestCipher(key: 77) }
        }
        player.open()
        for round in 0..<rounds {
            player.append(2)
            if round % 3 == 0 {
                player.take()
                player.finish()
            }
            player.disk.clock += 60_000_000
            player.keep()
        }
        player.queue?.close()
        player.queue = nil
        player.held = []
        player.judge.out = []
        var all: Set<UInt64> = []
        for (batch, count) in player.judge.offered {
            for index in 0..<count { all.insert(batch << 16 | UInt64(index)) }
        }
        return Rest(
            player: player,
            expected: all.subtracting(player.judge.finished),
            finished: player.judge.finished
        )
    }

    /// Starts on a damaged copy and compares loss with what is said of it.
    static func verdict(_ rest: Rest, seed: UInt64, mayLose: Bool = true, damage: (ModelDisk) -> String) -> [String] {
        var player = rest.player.fork(seed: seed)
        let what = damage(player.disk)
        player.open()
        guard let queue = player.queue else { return player.judge.complaints.map { "\(what): \($0)" } }
        let drained = player.drain(patience: 40)
        var complaints = player.judge.complaints
        let seen = Set(drained)
        if seen.count != drained.count { complaints.append("an item came twice") }
        if drained != drained.sorted() { complaints.append("out of order") }
        let missing = rest.expected.subtracting(seen)
        let said = queue.counters.lostItems
        if !mayLose, !missing.isEmpty { complaints.append("\(missing.count) items missing") }
        if UInt64(missing.count) != said {
            complaints.append("\(missing.count) items missing, \(said) said to be lost")
        }
        if player.log.items(.lost) != said {
            complaints.append("notices tell of \(player.log.items(.lost)) lost items, not \(said)")
        }
        let again = seen.intersection(rest.finished)
        if !again.isEmpty, !what.contains("cursor") { complaints.append("\(again.count) delivered items came again") }
        if queue.pendingItems != UInt64(seen.count) {
            complaints.append("\(queue.pendingItems) pending, \(seen.count) given")
        }
        // And the loss is told once: the next start knows of it.
        queue.close()
        player.died(power: false)
        player.open()
        if let lost = player.queue?.report.lostItems, lost > 0 { complaints.append("\(lost) items lost again") }
        return complaints.map { "\(what), seed \(seed): \($0)" }
    }

    static func files(_ disk: ModelDisk) -> [(path: String, inode: Int)] {
        disk.directories.flatMap { directory, entry in
            entry.live.filter { !$0.key.hasPrefix("LOCK") }.map { ("\(directory)/\($0.key)", $0.value) }
        }.sorted { $0.0 < $1.0 }
    }

    static func change(_ disk: ModelDisk, _ inode: Int, _ body: (inout [UInt8]) -> Void) {
        body(&disk.inodes[inode].live)
        disk.inodes[inode].durable = disk.inodes[inode].live
    }

    @Test("Flipped bits", arguments: [false, true])
    func flips(encrypted: Bool) {
        var random = SeededGenerator.announced("flips")
        var complaints: [String] = []
        var losses = 0
        let count = Dose.of(500, long: 5_000)
        var rest = Self.rest(seed: random.next(), rounds: 40, cipher: encrypted)
        for round in 0..<count where complaints.isEmpty {
            if round % 100 == 99 { rest = Self.rest(seed: random.next(), rounds: 40, cipher: encrypted) }
            let files = Self.files(rest.player.disk).filter { !rest.player.disk.inodes[$0.inode].live.isEmpty }
            let (path, inode) = files.randomElement(using: &random)!
            // Half of them where the frames are.
            let live = rest.player.disk.inodes[inode].live
            let used = live.lastIndex { $0 != 0 } ?? 0
            let at = Int.random(in: 0...(Bool.random(using: &random) ? used : live.count - 1), using: &random)
            let bit = UInt8(1 << Int.random(in: 0...7, using: &random))
            complaints += Self.verdict(rest, seed: random.next()) { disk in
                Self.change(disk, inode) { $0[at] ^= bit }
                return "flip of \(path) at \(at)"
            }
            losses += 1
        }
        #expect(complaints == [])
        #expect(losses == count)
    }

    @Test("Files cut off at every byte")
    func truncation() {
        var random = SeededGenerator.announced("cuts")
        let rest = Self.rest(seed: random.next(), rounds: 14)
        var complaints: [String] = []
        let stride = Dose.of(41, long: 1)
        var cuts = 0
        for (path, inode) in Self.files(rest.player.disk) {
            let size = rest.player.disk.inodes[inode].live.count
            // A cursor is long and mostly empty.
            let last = path.contains("cursor") ? min(size, 512) : size
            for at in Swift.stride(from: Int(random.next() % UInt64(stride)), to: last, by: stride)
            where complaints.isEmpty {
                cuts += 1
                complaints += Self.verdict(rest, seed: random.next()) { disk in
                    Self.change(disk, inode) { $0.removeLast(size - at) }
                    return "\(path) cut to \(at)"
                }
            }
        }
        print("measured: cuts: \(cuts)")
        #expect(complaints == [])
    }

    @Test("A segment that is gone, and garbage in its place")
    func wholeFiles() {
        var random = SeededGenerator.announced("whole files")
        var complaints: [String] = []
        for _ in 0..<Dose.of(6, long: 100) {
            let rest = Self.rest(seed: random.next(), rounds: 40)
            for (path, inode) in Self.files(rest.player.disk) where path.contains("/seg-") {
                complaints += Self.verdict(rest, seed: random.next()) { disk in
                    disk.directories[ModelDisk.split(path).directory]?.live[ModelDisk.split(path).name] = nil
                    return "\(path) removed"
                }
                var dice = random
                complaints += Self.verdict(rest, seed: random.next()) { disk in
                    Self.change(disk, inode) { bytes in
                        for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: dice.next()) }
                    }
                    return "\(path) overwritten"
                }
            }
        }
        #expect(complaints.prefix(5) == [])
    }

    @Test("Blocks that cannot be read cost themselves")
    func unreadable() {
        var random = SeededGenerator.announced("unreadable")
        var complaints: [String] = []
        for _ in 0..<Dose.of(20, long: 400) where complaints.isEmpty {
            let rest = Self.rest(seed: random.next(), rounds: 40)
            let files = Self.files(rest.player.disk).filter { $0.path.contains("/seg-") }
            let (path, inode) = files.randomElement(using: &random)!
            let block = Int.random(in: 0...rest.player.disk.inodes[inode].live.count / 4_096, using: &random)
            complaints += Self.verdict(rest, seed: random.next()) { disk in
                disk.inodes[inode].unreadable = [block]
                return "\(path), block \(block) unreadable"
            }
        }
        #expect(complaints.prefix(5) == [])
    }

    @Test("Both copies of a header and the seal are gone: the frames tell all, those in part delivered too")
    func withoutHeader() {
        var random = SeededGenerator.announced("headers")
        var complaints: [String] = []
        for _ in 0..<Dose.of(20, long: 400) where complaints.isEmpty {
            let rest = Self.rest(seed: random.next(), rounds: 40)
            for (path, inode) in Self.files(rest.player.disk) where path.contains("/seg-") {
                complaints += Self.verdict(rest, seed: random.next(), mayLose: false) { disk in
                    Self.change(disk, inode) { bytes in
                        for index in 0..<SegmentHeaderFacts.framesStart { bytes[index] = 0xFF }
                    }
                    return "\(path) without its header"
                }
            }
        }
        #expect(complaints.prefix(5) == [])
    }

    @Test("One bad frame costs one frame, and is kept in the quarantine")
    func oneFrame() throws {
        let rest = Self.rest(seed: 5, rounds: 30)
        let (path, inode) = try #require(Self.files(rest.player.disk).filter { $0.path.contains("/seg-") }.last)
        var player = rest.player.fork(seed: 9)
        Self.change(player.disk, inode) { bytes in
            let frame = SegmentHeaderFacts.framesStart
            let lead = bytes[frame + 28] & 8 != 0 ? Int(bytes[frame + 29]) : 0
            bytes[frame + 40 + lead + 20] ^= 4
        }
        player.open()
        let queue = try #require(player.queue)
        _ = player.drain(patience: 40)
        #expect((1...60).contains(queue.counters.lostItems), "\(path)")
        let notice = try #require(player.log.all.first { $0.kind == .lost })
        #expect(notice.message.contains("kept as /checkpoint/quarantine/seg-"))
        #expect(player.disk.directories["/checkpoint/quarantine"]?.live.count == 1)
    }
}

/// What a test needs to know of the format.
enum SegmentHeaderFacts {
    static let framesStart = 8_192
}
