import Events
import Foundation
import Logging
import NIOCore
import TestSupport
import Testing

@testable import Agent

@Suite struct SpillableChannelTests {
    private let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    private func started(
        memory: Int = 10,
        overflow: Int = 1000,
        _ more: [String: String] = [:]
    ) async throws -> SpillRig {
        try await SpillRig.started(directory, memory: memory, overflow: overflow, more)
    }

    @Test func whatDoesNotFitIntoMemoryGoesToDiskAndAllComesInOrder() async throws {
        let rig = try await started()
        for start in stride(from: 0, to: 40, by: 4) { try await rig.put(start..<(start + 4)) }
        #expect(rig.value("MemoryEventCount") == "8")
        #expect(rig.value("SpilledEventCount") == "32")
        #expect(rig.channel.size == 40)
        #expect(await rig.drain(by: 7) == Array(0..<40))
        #expect(rig.channel.size == 0)
        // Memory is free again: it is used.
        try await rig.put(40..<44)
        #expect(rig.value("MemoryEventCount") == "4")
        #expect(await rig.drain() == Array(40..<44))
        #expect(await rig.channel.stop() == 0)
    }

    @Test func memoryIsUsedAgainWhenEnoughOfItIsFree() async throws {
        let rig = try await started(memory: 100, ["overflowDeactivationThreshold": "50"])
        try await rig.put(0..<100)
        try await rig.put(100..<101)
        let first = try await rig.taken(49)
        first.finish(.delivered)
        try await rig.put(101..<102)
        #expect(rig.value("SpilledEventCount") == "2")
        let second = try await rig.taken(1)
        second.finish(.delivered)
        try await rig.put(102..<103)
        #expect(rig.value("SpilledEventCount") == "2")
        #expect(rig.value("MemoryEventCount") == "51")
        #expect(await rig.drain(by: 60) == Array(50..<103))
        _ = await rig.channel.stop()
    }

    @Test func bytesCountToo() async throws {
        let size = EventBatch.numbered(0..<5).retainedBytes
        let rig = try await started(memory: 1000, ["byteCapacity": "\(size * 2)"])
        for start in [0, 5, 10] { try await rig.put(start..<(start + 5)) }
        #expect(rig.value("SpilledEventCount") == "5")
        #expect(await rig.drain() == Array(0..<15))
        _ = await rig.channel.stop()
    }

    @Test func whatIsGivenBackStandsWhereItStood() async throws {
        let rig = try await started(memory: 4, ["overflowDeactivationThreshold": "0"])
        try await rig.put(0..<4)
        try await rig.put(4..<8)
        let memory = try await rig.taken(4)
        memory.finish(.except([1, 3]))
        try await rig.put(8..<10)
        try await rig.put(10..<14)
        // 1, 3 in memory; 4 to 7 on disk; 8, 9 in memory; the rest on disk.
        let one = try await rig.taken(1)
        let two = try await rig.taken(4)
        let three = try await rig.taken(2)
        let numbers = [one.batch.numbers, two.batch.numbers, three.batch.numbers]
        #expect(numbers == [[1], [3, 4, 5, 6], [7, 8]])
        three.finish(.notDelivered)
        one.finish(.notDelivered)
        two.finish(.except([0, 2]))
        #expect(rig.channel.size == 10)
        #expect(await rig.drain(by: 3) == [1, 3, 5, 7, 8, 9, 10, 11, 12, 13])
        #expect(rig.channel.size == 0)
        _ = await rig.channel.stop()
    }

    @Test func capacityIsThatOfBothSides() async throws {
        let rig = try await started(memory: 10, overflow: 20, ["transactionCapacity": "20"])
        #expect(rig.channel.room?.capacity == 30)
        try await rig.put(0..<10)
        try await rig.put(10..<30)
        await #expect(throws: FileRig.NoRoom.self) { try await rig.put([30]) }
        let delivery = try await rig.taken(10)
        delivery.finish(.delivered)
        try await rig.put([30])
        #expect(await rig.drain() == Array(10..<31))
        // Alone, though larger than all of it.
        try await rig.put(31..<91)
        #expect(await rig.drain() == Array(31..<91))
        _ = await rig.channel.stop()
    }

    // MARK: Stop and death

    @Test func aStopBringsMemoryToDisk() async throws {
        let rig = try await started()
        for start in stride(from: 0, to: 20, by: 5) { try await rig.put(start..<(start + 5)) }
        let held = try await rig.taken(3)
        let numbers = held.batch.numbers
        #expect(numbers == [0, 1, 2])
        #expect(await rig.channel.stop() == 0)
        held.finish(.notDelivered)
        let again = try await started()
        #expect(again.channel.size == 20)
        // What was on disk comes first now.
        #expect(await again.drain() == Array(10..<20) + Array(0..<10))
        _ = await again.channel.stop()
    }

    @Test func whatCannotBeStoredAtTheStopIsLost() async throws {
        let rig = try await started(["minimumRequiredSpace": "9000000000000000000"])
        try await rig.put(0..<7)
        #expect(await rig.channel.stop() == 7)
        #expect(rig.log.messages.contains("what is in memory cannot be stored"))
    }

    private func started(_ more: [String: String]) async throws -> SpillRig { try await started(memory: 10, more) }

    /// Ten events in memory, one on disk whose answer the disk keeps back, and one behind it that waits: with that the disk
    /// has as much to write as it takes.
    private func busy(_ disk: HeldDisk, _ stored: Recorded<Int>) async throws -> SpillRig {
        let rig = try await SpillRig.withNarrowDisk(directory, disk)
        try await rig.put(0..<10)
        for number in 10..<12 {
            var builder = EventBatchBuilder()
            builder.append(body: ByteBuffer(integer: number))
            let batch = builder.finish()
            rig.channel.put(batch, grant: try rig.grant(for: batch), custody: nil) { result in
                if case .success = result { stored.add(number) }
            }
            #expect(await Harness.eventually { disk.isReached })
        }
        return rig
    }

    @Test func aStopWaitsForADiskThatHasTooMuchToWrite() async throws {
        let (disk, stored) = (HeldDisk(), Recorded<Int>())
        let rig = try await busy(disk, stored)
        async let lost = rig.channel.stop()
        try await Task.sleep(for: .milliseconds(50))
        #expect(stored.all == [])
        disk.letGo()
        #expect(await lost == 0)
        #expect(stored.all == [10, 11])
        let again = try await started()
        #expect(await again.drain() == [10, 11] + Array(0..<10))
        _ = await again.channel.stop()
    }

    @Test func aStopWaitsForTheDiskUntilItsDeadline() async throws {
        let disk = HeldDisk()
        let rig = try await busy(disk, Recorded())
        async let lost = rig.channel.stop(deadline: .now())
        #expect(await Harness.eventually { rig.log.messages.contains("what is in memory cannot be stored") })
        disk.letGo()
        #expect(await lost == 10)
    }

    // MARK: Custody

    @Test func memoryIsWithdrawnAndTheDiskIsNot() async throws {
        let rig = try await started()
        let answers = Recorded<String>()
        let first = Custody(events: 8, deadline: .distantFuture) { answers.add("first \($0)") }
        let second = Custody(events: 8, deadline: .distantFuture) { answers.add("second \($0)") }
        try await rig.put(0..<8, custody: first)
        #expect(rig.channel.unsavedSize == 8)
        try await rig.put(8..<16, custody: second)
        #expect(answers.all == ["second true"])
        #expect(rig.channel.unsavedSize == 8)
        #expect(rig.channel.withdraw(second) == 0)
        let delivery = try await rig.taken(2)
        let deadline = delivery.deadline
        #expect(deadline == .distantFuture)
        delivery.finish(.delivered)
        first.withdraw()
        let removed = rig.channel.withdraw(first)
        #expect(removed == 6)
        first.removed(removed)
        #expect(answers.all == ["second true", "first false"])
        #expect(rig.channel.size == 8)
        #expect(rig.channel.unsavedSize == 0)
        #expect(await rig.drain() == Array(8..<16))
        #expect(rig.value("MemoryEventCount") == "0")
        _ = await rig.channel.stop()
    }

    @Test func whatComesBackAfterAWithdrawalIsNotKept() async throws {
        let rig = try await started()
        let answers = Recorded<Bool>()
        let custody = Custody(events: 4, deadline: .distantFuture) { answers.add($0) }
        try await rig.put(0..<4, custody: custody)
        let delivery = try await rig.taken(4)
        custody.withdraw()
        delivery.finish(.except([2]))
        #expect(answers.all == [false])
        #expect(rig.channel.size == 0)
        _ = await rig.channel.stop()
    }

    @Test func aStopAnswersThoseWhoWait() async throws {
        let rig = try await started()
        let answers = Recorded<Bool>()
        let custody = Custody(events: 4, deadline: .distantFuture) { answers.add($0) }
        try await rig.put(0..<4, custody: custody)
        #expect(await rig.channel.stop() == 0)
        #expect(answers.all == [false])
        let again = try await started()
        #expect(again.channel.size == 0)
        _ = await again.channel.stop()
    }

    // MARK: Wakers

    @Test func wakersFireForBothSides() async throws {
        let rig = try await started()
        let woken = Recorded<String>()
        #expect(rig.isDry(10, atLeast: 12, waking: ChannelWaker { woken.add("twelve") }))
        #expect(rig.isDry(10, atLeast: 1, waking: ChannelWaker { woken.add("one") }))
        try await rig.put(0..<10)
        #expect(woken.all == ["one"])
        try await rig.put(10..<13)
        #expect(await eventually { woken.all == ["one", "twelve"] })
        _ = await rig.channel.stop()
    }

    /// What a start finds on disk is read back by a thread: a taker that comes first is woken, once.
    @Test func aTakerWaitsForTheDiskToBeRead() async throws {
        let first = try await started()
        for start in stride(from: 0, to: 200, by: 10) { try await first.put(start..<(start + 10)) }
        _ = await first.channel.stop()
        let rig = try await started()
        var numbers: [Int] = []
        while numbers.count < 200 {
            let (wakes, wake) = AsyncStream<Void>.makeStream()
            if let delivery = rig.channel.take(upTo: 30, atLeast: 1, waking: ChannelWaker { wake.yield() }) {
                numbers += delivery.batch.numbers
                delivery.finish(.delivered)
                continue
            }
            for await _ in wakes { break }
        }
        #expect(numbers.sorted() == Array(0..<200))
        _ = await rig.channel.stop()
    }

    @Test func eventsLostToDamageGiveTheirRoomBack() async throws {
        let first = try await started(memory: 1)
        try await first.put(0..<10)
        try await first.put(10..<15)
        _ = await first.channel.stop()
        let data = directory.path + "/data"
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: data).first { $0.hasPrefix("seg-") }
        )
        var bytes = try Data(contentsOf: URL(fileURLWithPath: data + "/" + name))
        bytes[8_250] ^= 1
        try bytes.write(to: URL(fileURLWithPath: data + "/" + name))
        let rig = try await started(memory: 1)
        #expect(await eventually { rig.channel.size == 5 })
        #expect(await rig.drain() == Array(10..<15))
        #expect(rig.isDry(1))
        #expect(rig.value("LostEventCount") == "10")
        _ = await rig.channel.stop()
    }

    // MARK: Model

    /// Random steps against a list: whatever is put where, all comes once and in order.
    @Test func randomStepsAgainstAList() async throws {
        var random = SeededGenerator.announced("spillable channel")
        for round in 0..<6 {
            let folder = try TestDirectory()
            defer { withExtendedLifetime(folder) {} }
            let rig = try await SpillRig.started(
                folder,
                memory: 20,
                overflow: 400,
                ["overflowDeactivationThreshold": "\([0, 5, 50][round % 3])"]
            )
            var list: [Int] = []
            var next = 0
            for _ in 0..<150 {
                switch Int.random(in: 0..<4, using: &random) {
                case 0, 1:
                    let count = Int.random(in: 1...12, using: &random)
                    guard list.count + count <= 400 else { continue }
                    try await rig.put(next..<(next + count))
                    list += Array(next..<(next + count))
                    next += count
                default:
                    guard !list.isEmpty else { continue }
                    let limit = Int.random(in: 1...15, using: &random)
                    let delivery = try await rig.taken(limit)
                    let numbers = delivery.batch.numbers
                    try #require(numbers == Array(list.prefix(numbers.count)))
                    let failed = numbers.indices.filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
                    list.removeFirst(numbers.count)
                    list = failed.map { numbers[$0] } + list
                    delivery.finish(.except(failed))
                }
                try #require(rig.channel.size == list.count)
            }
            #expect(await rig.drain(by: 9) == list)
            #expect(rig.value("MemoryEventCount") == "0")
            _ = await rig.channel.stop()
        }
    }
}
