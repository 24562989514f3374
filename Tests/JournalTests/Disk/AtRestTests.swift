import Foundation
import Journal
import Testing

/// The files of a queue that nobody runs: looked at, checked, repaired.
@Suite("At rest")
final class AtRestTests {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("journal-\(UUID().uuidString)").path
    var checkpoint: String { root + "/checkpoint" }
    var data: [String] { [root + "/data"] }

    deinit {
        try? FileManager.default.removeItem(atPath: root)
    }

    func options() -> JournalOptions {
        var options = JournalOptions(
            name: "channel c1 of agent a1",
            checkpointDirectory: checkpoint,
            dataDirectories: data
        )
        options.segmentSize = 64 << 10
        options.fillStep = 16 << 10
        options.minimumRequiredSpace = 0
        return options
    }

    /// Ten records of 3 items with 40 bytes each, of which the first two are delivered.
    func fill() async throws {
        let queue = try LocalQueue(LocalFileSystem(), options())
        for batch in 1...10 as ClosedRange<UInt64> {
            await withCheckedContinuation { done in
                queue.append(TestPayload(batch: batch, sizes: [40, 40, 40])) { _ in done.resume() }
            }
        }
        let take = try #require(queue.take(upTo: 6))
        #expect(queue.finish(take.ticket, .delivered) == 6)
        queue.close()
    }

    func rest() throws -> JournalAtRest {
        try JournalAtRest(checkpointDirectory: checkpoint, dataDirectories: data)
    }

    func segment() throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: data[0]).filter { $0.hasPrefix("seg-") }
        return data[0] + "/" + (try #require(names.first))
    }

    func flip(_ path: String, at offset: Int) throws {
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(offset))
        let byte = try #require(try file.read(upToCount: 1)?.first)
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: [byte ^ 4])
    }

    /// Every file with its bytes.
    func contents() throws -> [String: Data] {
        var contents: [String: Data] = [:]
        for directory in [checkpoint] + data {
            for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
                contents["\(directory)/\(name)"] = FileManager.default.contents(atPath: "\(directory)/\(name)")
            }
        }
        return contents
    }

    @Test("What is there, and nothing is changed by looking")
    func looking() async throws {
        try await fill()
        let before = try contents()
        let journal = try rest()
        #expect(journal.pendingItems == 24)
        let segment = try #require(journal.segments.first)
        #expect(journal.segments.count == 1)
        #expect((segment.first, segment.end, segment.pending) == (0, 30, 24))
        // A frame has 40 bytes before its payload of 120.
        #expect(segment.bytes == 8_192 + 10 * 160)
        #expect(segment.isSealed && !segment.isEncrypted)
        var pending: [UInt64] = []
        let check = try journal.check { frame, bytes throws(JournalError) in
            pending += frame.pending.joined().map { frame.first + UInt64($0) }
        }
        #expect(check.isClean && check.damages.isEmpty)
        #expect((check.frames, check.items) == (10, 30))
        #expect(pending == Array(6..<30))
        #expect(try contents() == before)
    }

    /// The third frame, items 6 to 8, is the first that is pending.
    static let flips: [(at: Int, kind: JournalDamage.Kind, place: Range<Int>, items: UInt64)] = [
        (20, .structure, 0..<64, 0),
        (6_144 + 20, .structure, 6_144..<6_208, 0),
        (4_096 + 20, .structure, 4_096..<4_160, 0),
        (8_192 + 50, .done, 8_192..<8_352, 0),
        (8_192 + 320 + 8, .items, 8_512..<8_672, 3),
        (8_192 + 320 + 100, .items, 8_512..<8_672, 3),
    ]

    @Test("A flipped bit is told with its place, repaired, and then all is clean", arguments: flips)
    func flipped(_ flip: (at: Int, kind: JournalDamage.Kind, place: Range<Int>, items: UInt64)) async throws {
        try await fill()
        try self.flip(try segment(), at: flip.at)
        let check = try rest().check()
        let damage = try #require(check.damages.first)
        #expect(check.damages.count == 1)
        #expect(try damage.path == segment())
        #expect((damage.kind, damage.bytes, damage.items) == (flip.kind, flip.place, flip.items))
        #expect(check.isClean == (flip.kind == .done))

        let repaired = try JournalRepair.run(checkpointDirectory: checkpoint, dataDirectories: data)
        #expect(repaired == check)
        let after = try rest()
        #expect(try after.check().isClean)
        #expect(after.pendingItems == 24 - flip.items)
        let kept = (try? FileManager.default.contentsOfDirectory(atPath: checkpoint + "/quarantine")) ?? []
        #expect(kept.count == (flip.kind == .done ? 0 : 1))
    }

    @Test("A flipped bit of the cursor: told, and made anew")
    func flippedCursor() async throws {
        try await fill()
        for slot in 0..<2 { try flip("\(checkpoint)/cursor.\(slot)", at: 30) }
        let check = try rest().check()
        #expect(check.damages.map(\.kind) == [.structure, .structure])
        _ = try JournalRepair.run(checkpointDirectory: checkpoint, dataDirectories: data)
        #expect(try rest().check().isClean)
        #expect(try rest().pendingItems == 30, "with no cursor everything held is delivered anew")
    }

    @Test("A file that is cut loses what stood behind the cut", arguments: [0, 5_000, 8_192, 8_192 + 5 * 160 + 7])
    func cut(_ size: Int) async throws {
        try await fill()
        let file = try #require(FileHandle(forUpdatingAtPath: try segment()))
        try file.truncate(atOffset: UInt64(size))
        try file.close()
        let lost = size > 8_192 ? 15 : 24 as UInt64
        let check = try rest().check()
        #expect(check.lostItems == lost)
        _ = try JournalRepair.run(checkpointDirectory: checkpoint, dataDirectories: data)
        #expect(try rest().check().isClean)
        #expect(try rest().pendingItems == 24 - lost)
    }

    @Test("A queue that runs is not looked at, and its owner is named")
    func locked() async throws {
        try await fill()
        let queue = try LocalQueue(LocalFileSystem(), options())
        let errors = [
            #expect(throws: JournalError.self) { _ = try self.rest() },
            #expect(throws: JournalError.self) {
                _ = try JournalRepair.run(checkpointDirectory: self.checkpoint, dataDirectories: self.data)
            },
        ]
        for error in errors {
            #expect(error?.code == .locked)
            #expect(error?.message.contains("channel c1 of agent a1") == true)
        }
        queue.close()
        #expect(try rest().pendingItems == 24)
    }

    @Test("Who opens a queue that is read is told who reads, not who had it before")
    func readers() async throws {
        try await fill()
        let reader = try rest()
        let other = try rest()
        let errors = [
            #expect(throws: JournalError.self) { _ = try LocalQueue(LocalFileSystem(), self.options()) },
            #expect(throws: JournalError.self) {
                _ = try JournalRepair.run(checkpointDirectory: self.checkpoint, dataDirectories: self.data)
            },
        ]
        for error in errors {
            #expect(error?.code == .locked)
            #if canImport(Glibc)
            let name = "`tributary journal` (process \(getpid())), which reads it; "
            #else
            let name = "`tributary journal`, which reads it; "
            #endif
            #expect(error?.message.contains("is in use by \(name)") == true, "\(error?.message ?? "")")
        }
        withExtendedLifetime((reader, other)) {}
    }

    @Test("Encrypted payloads open with their key, and with no other")
    func opening() async throws {
        var options = options()
        options.cipher = TestCipher(key: 7)
        let queue = try LocalQueue(LocalFileSystem(), options)
        let payload = TestPayload(batch: 1, sizes: [40, 40])
        await withCheckedContinuation { done in queue.append(payload) { _ in done.resume() } }
        queue.close()
        let journal = try rest()
        for key in [7, 8] as [UInt64] {
            var opened: [TestPayload?] = []
            var failure: JournalError.Code?
            do throws(JournalError) {
                _ = try journal.check { frame, bytes throws(JournalError) in
                    #expect(frame.isEncrypted)
                    let plain = try journal.open(bytes, of: frame, with: TestCipher(key: key))
                    opened.append(TestPayload(stored: plain, itemCount: frame.count))
                }
            } catch {
                failure = error.code
            }
            #expect(failure == (key == 7 ? nil : .key))
            #expect(opened.compactMap { $0?.bytes } == (key == 7 ? [payload.bytes] : []))
        }
    }
}
