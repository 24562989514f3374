import Foundation
import Journal
import Synchronization
import TestSupport
import Testing

/// The end of a queue, in good order and when the disk hangs.
@Suite("Closing")
final class ClosingTests {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("journal-\(UUID().uuidString)").path

    deinit {
        try? FileManager.default.removeItem(atPath: root)
    }

    func options(_ log: NoticeLog) -> JournalOptions {
        var options = JournalOptions(
            name: "channel c1 of agent a1",
            checkpointDirectory: root + "/checkpoint",
            dataDirectories: [root + "/data"]
        )
        options.segmentSize = 64 << 10
        options.fillStep = 16 << 10
        options.minimumRequiredSpace = 0
        options.notice = { log.add($0) }
        return options
    }

    @Test("A disk that hangs holds a close up until the deadline and not longer; when it answers, all is finished")
    func hanging() async throws {
        let (files, log) = (HangingFileSystem(), NoticeLog())
        let queue = try DurableQueue<HangingFileSystem, TestPayload>(files, options(log))
        let stored = Mutex(0)
        queue.append(TestPayload(batch: 1, sizes: [40])) { _ in stored.withLock { $0 += 1 } }
        #expect(await eventually { stored.withLock { $0 == 1 } }, "the first is stored")
        files.gate.set(shut: true)
        queue.append(TestPayload(batch: 2, sizes: [40])) { _ in stored.withLock { $0 += 1 } }
        let closed = Mutex<Bool?>(nil)
        Thread {
            let isDone = queue.close()
            closed.withLock { $0 = isDone }
        }.start()
        try await Task.sleep(for: .milliseconds(300))
        #expect(closed.withLock { $0 } == nil, "the deadline is 5 s away")
        files.clock.advance(by: 5_000_000_000)
        #expect(await eventually { closed.withLock { $0 } != nil }, "the close has returned")
        #expect(closed.withLock { $0 } == false)
        #expect(stored.withLock { $0 } == 1)
        #expect(log.all.map(\.kind) == [.leftOpen])
        let error = #expect(throws: JournalError.self) { _ = try LocalQueue(LocalFileSystem(), self.options(log)) }
        #expect(error?.code == .locked, "its threads may still write")

        files.gate.set(shut: false)
        #expect(await eventually { stored.withLock { $0 == 2 } }, "the second is stored")
        var next: LocalQueue?
        let isGivenBack = await eventually {
            next = try? LocalQueue(LocalFileSystem(), self.options(log))
            return next != nil
        }
        #expect(isGivenBack)
        #expect(next?.report.pendingItems == 2)
        #expect(next?.report.scannedSegments == 0, "the segment was sealed")
        #expect(next?.close() == true)
    }

    @Test("A close does not wait for the next sync of an interval, it syncs")
    func interval() async throws {
        let log = NoticeLog()
        var options = options(log)
        options.sync = .interval(3_600_000_000_000)
        let queue = try DurableQueue<ModelDisk, TestPayload>(ModelDisk(seed: 1), options, threads: false)
        queue.append(TestPayload(batch: 1, sizes: [40])) { _ in }
        #expect(queue.writerTurn() == .again)
        guard case .until = queue.writerTurn() else {
            Issue.record("nothing is left to be synced")
            return
        }
        let ended = Mutex(false)
        Thread {
            queue.close()
            ended.withLock { $0 = true }
        }.start()
        #expect(await eventually(within: .seconds(20)) { ended.withLock { $0 } })
    }
}
