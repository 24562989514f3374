import Foundation
import Journal
import Synchronization
import TestSupport
import Testing

typealias LocalQueue = DurableQueue<LocalFileSystem, TestPayload>

/// The queue with its threads on the machine's own disk.
@Suite("On a real disk")
final class LocalQueueTests {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("journal-\(UUID().uuidString)").path

    deinit {
        try? FileManager.default.removeItem(atPath: root)
    }

    func options(_ log: NoticeLog? = nil) -> JournalOptions {
        var options = JournalOptions(
            name: "channel c1 of agent a1",
            checkpointDirectory: root + "/deep/checkpoint",
            dataDirectories: [root + "/data1", root + "/data2"]
        )
        options.segmentSize = 256 << 10
        options.fillStep = 64 << 10
        options.minimumRequiredSpace = 0
        options.windowLimit = 64 << 10
        if let log { options.notice = { log.add($0) } }
        return options
    }

    @Test("Many producers, several takers, restarts: each item comes once and in order")
    func traffic() async throws {
        let log = NoticeLog()
        var expected: [UInt64] = []
        var given: [UInt64] = []
        var batch: UInt64 = 1
        for _ in 0..<4 {
            let queue = try LocalQueue(LocalFileSystem(), options(log))
            let waiting = DispatchGroup()
            let failures = Mutex(0)
            for _ in 0..<300 {
                let count = Int(batch % 7) + 1
                let payload = TestPayload(batch: batch, sizes: Array(repeating: 20 + Int(batch % 300), count: count))
                expected += (0..<count).map { batch << 16 | UInt64($0) }
                batch += 1
                waiting.enter()
                queue.append(payload) { result in
                    if case .failure = result { failures.withLock { $0 += 1 } }
                    waiting.leave()
                }
            }
            await withCheckedContinuation { done in waiting.notify(queue: .global()) { done.resume() } }
            #expect(failures.withLock { $0 } == 0)
            // Half of what is there; the first take of each round is given back once.
            let goal = queue.pendingItems / 2
            var taken = 0
            var isFirst = true
            while taken < goal {
                guard let take = queue.take(upTo: 40) else {
                    try await Task.sleep(for: .milliseconds(1))
                    continue
                }
                if isFirst {
                    isFirst = false
                    queue.finish(take.ticket, .notDelivered)
                    continue
                }
                taken += take.count
                given += take.ids.compactMap { $0 }
                queue.finish(take.ticket, .delivered)
            }
            queue.close()
        }
        let queue = try LocalQueue(LocalFileSystem(), options(log))
        #expect(queue.report.scannedSegments == 0, "a queue that was closed is not read through")
        while queue.pendingItems > 0 {
            guard let take = queue.take(upTo: 100) else {
                try await Task.sleep(for: .milliseconds(1))
                continue
            }
            given += take.ids.compactMap { $0 }
            queue.finish(take.ticket, .delivered)
        }
        queue.close()
        #expect(given == expected)
        #expect(log.all.filter { $0.kind.isAlarm }.map(\.description) == [])
    }

    @Test("A taker who waits is woken")
    func waking() async throws {
        let queue = try LocalQueue(LocalFileSystem(), options())
        let woken = DispatchGroup()
        woken.enter()
        #expect(queue.take(upTo: 10, atLeast: 3, waking: JournalWaker { woken.leave() }) == nil)
        queue.append(TestPayload(batch: 1, sizes: [20, 20])) { _ in }
        queue.append(TestPayload(batch: 2, sizes: [20, 20])) { _ in }
        await withCheckedContinuation { done in woken.notify(queue: .global()) { done.resume() } }
        let take = try #require(queue.take(upTo: 10, atLeast: 3))
        #expect(take.count >= 3)
        queue.close()
    }

    @Test("After each delivery the cursor is written, whether the keeper was about to or not")
    func cursorFollows() async throws {
        let queue = try LocalQueue(LocalFileSystem(), options())
        for batch in 1...60 as ClosedRange<UInt64> {
            await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
                queue.append(TestPayload(batch: batch, sizes: [20, 20])) { _ in done.resume() }
            }
            let before = queue.counters.cursorWrites
            // Within the interval of the cursor's writes, and beyond it.
            for _ in 0..<2 {
                let take = try #require(queue.take(upTo: 1))
                queue.finish(take.ticket, .delivered)
                try await Task.sleep(for: .microseconds(batch % 4 * 600))
            }
            try #require(await eventually(within: .seconds(10)) { queue.counters.cursorWrites > before })
        }
        queue.close()
    }

    @Test("A second owner is told who the first one is")
    func locked() throws {
        let queue = try LocalQueue(LocalFileSystem(), options())
        var second = options()
        second.name = "channel c2 of agent a1"
        second.checkpointDirectory = root + "/other"
        let error = #expect(throws: JournalError.self) { _ = try LocalQueue(LocalFileSystem(), second) }
        #expect(error?.code == .locked)
        #expect(error?.message.contains("channel c1 of agent a1") == true)
        #expect(error?.message.contains(root + "/data1") == true)
        queue.close()
    }

    #if canImport(Glibc)
    /// Between fork and exec a child has all descriptors, also those that are closed on exec.
    @Test("Directories are given back at the close, though a program that is being started has the lock's file too")
    func lockOfAChild() throws {
        let queue = try LocalQueue(LocalFileSystem(), options())
        let lock = root + "/data1/LOCK"
        let table = "/proc/self/fd"
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: table).filter {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(table)/\($0)")) == lock
        }
        let copy = dup(try #require(descriptors.first.flatMap { Int32($0) }))
        defer { close(copy) }
        queue.close()
        try LocalQueue(LocalFileSystem(), options()).close()
    }
    #endif

    @Test("A file where a directory should be is refused with its name")
    func notADirectory() throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        _ = FileManager.default.createFile(atPath: root + "/data1", contents: nil)
        let error = #expect(throws: JournalError.self) { _ = try LocalQueue(LocalFileSystem(), options()) }
        #expect(error?.code == .unusable)
        #expect(error?.message.contains(root + "/data1") == true)
    }

    @Test("What is closed is closed")
    func closed() async throws {
        let queue = try LocalQueue(LocalFileSystem(), options())
        queue.close()
        let error = await withCheckedContinuation { (done: CheckedContinuation<JournalError?, Never>) in
            queue.append(TestPayload(batch: 1, sizes: [20])) { result in
                if case .failure(let error) = result {
                    done.resume(returning: error)
                } else {
                    done.resume(returning: nil)
                }
            }
        }
        #expect(error?.code == .closed)
    }
}
