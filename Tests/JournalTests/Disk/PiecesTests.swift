import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Journal

/// What is gathered from many places is written by few calls.
@Suite("Writing pieces")
final class PiecesTests {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("pieces-\(UUID().uuidString)").path

    init() throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: root)
    }

    @Test("More pieces than one call takes", arguments: [1, 2, 1_024, 1_025, 2_500])
    func many(count: Int) throws {
        let content = (0..<count).flatMap { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: 1 + $0 % 7) }
        let file = try LocalFileSystem().create(root + "/file")
        try content.withUnsafeBytes { all in
            var at = 0
            let pieces = (0..<count).map { index in
                defer { at += 1 + index % 7 }
                return UnsafeRawBufferPointer(rebasing: all[at..<(at + 1 + index % 7)])
            }
            try file.writeAll(pieces, at: 5)
        }
        let read = try Data(contentsOf: URL(fileURLWithPath: root + "/file"))
        #expect(Array(read.dropFirst(5)) == content)
    }

    @Test("A large payload lies in the file as it lies in memory, modulo 64; also behind small ones")
    func placed() throws {
        var options = JournalOptions(name: "c1", checkpointDirectory: root + "/c", dataDirectories: [root + "/d"])
        options.minimumRequiredSpace = 0
        options.directLimit = 300
        let payloads = [700, 20, 301, 299, 1_000, 300].enumerated().map { TestPayload(batch: UInt64($0), sizes: [$1]) }
        let queue = try LocalQueue(LocalFileSystem(), options, threads: false)
        for payload in payloads { queue.append(payload) { _ in } }
        #expect(queue.writerTurn() == .again)
        queue.close()
        let name = try #require(
            FileManager.default.contentsOfDirectory(atPath: root + "/d").first { $0.hasPrefix("seg") }
        )
        let file = try Data(contentsOf: URL(fileURLWithPath: root + "/d/" + name))
        for payload in payloads {
            let place = try #require(file.range(of: Data(payload.bytes))).lowerBound
            let address = payload.withBytes { UInt(bitPattern: $0.baseAddress) }
            let isAlike = (address &- UInt(place)) % 64 == 0
            if payload.bytes.count >= 300 { #expect(isAlike, "\(payload.bytes.count) bytes") }
        }
    }

    /// Each payload that is written from where it is takes some of the writer's stack.
    @Test("As many large records as go into one group, announced together, are one group")
    func deepest() async throws {
        var options = JournalOptions(name: "c1", checkpointDirectory: root + "/c", dataDirectories: [root + "/d"])
        options.minimumRequiredSpace = 0
        let news = Mutex<Signal?>(nil)
        let stored = DispatchGroup()
        options.announcing = { signal in news.withLock { $0 = signal } }
        let queue = try LocalQueue(LocalFileSystem(), options)
        let count = options.groupLimit / (options.directLimit + 512)
        #expect(count > 400)
        func append(_ batch: Int, _ size: Int) {
            stored.enter()
            queue.append(TestPayload(batch: UInt64(batch), sizes: [size])) { _ in stored.leave() }
        }
        // What comes while the writer is awake is found without being announced: it must fall asleep first.
        var isAsleep = false
        for batch in 1...100 where !isAsleep {
            let before = queue.counters.groups
            append(batch, 100)
            try await Task.sleep(for: .milliseconds(50))
            isAsleep = queue.counters.groups == before
        }
        try #require(isAsleep)
        let before = queue.counters
        for index in 1..<count { append(1_000 + index, options.directLimit) }
        try #require(news.withLock { $0 }).raise()
        await withCheckedContinuation { done in stored.notify(queue: .global()) { done.resume() } }
        #expect(queue.counters.groups == before.groups + 1)
        #expect(queue.counters.storedItems == before.storedItems + UInt64(count))
        queue.close()
    }

    /// Records whose bytes are copied and records whose bytes are written from where they are, in one group.
    @Test("Small and large records in one group, and one record of 3,000 frames")
    func mixed() throws {
        var options = JournalOptions(name: "c1", checkpointDirectory: root + "/c", dataDirectories: [root + "/d"])
        options.minimumRequiredSpace = 0
        options.frameLimit = 600
        options.directLimit = 300
        let long = Array(repeating: 500, count: 3_000)
        let batches = [[40], [400, 20, 500], [10], [299], [300], long, [20], [50, 700]]
        let queue = try LocalQueue(LocalFileSystem(), options, threads: false)
        let stored = Mutex(0)
        for (index, sizes) in batches.enumerated() {
            queue.append(TestPayload(batch: UInt64(index), sizes: sizes)) { result in
                if case .success = result { stored.withLock { $0 += 1 } }
            }
        }
        #expect(queue.writerTurn() == .again)
        #expect(queue.writerTurn() == .idle)
        #expect(stored.withLock { $0 } == batches.count)
        #expect(queue.counters.groups == 1)
        queue.close()

        let again = try LocalQueue(LocalFileSystem(), options, threads: false)
        defer { again.close() }
        var ids: [UInt64?] = []
        while again.pendingItems > 0 {
            guard let take = again.take(upTo: 1_000) else {
                _ = again.keeperTurn()
                continue
            }
            ids += take.ids
            again.finish(take.ticket, .delivered)
        }
        let expected = batches.enumerated().flatMap { index, sizes in
            sizes.indices.map { UInt64?(UInt64(index) << 16 | UInt64($0)) }
        }
        #expect(ids.count == expected.count)
        #expect(zip(ids, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset == nil)
    }
}
