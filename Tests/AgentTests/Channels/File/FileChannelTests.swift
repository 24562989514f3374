import Events
import Foundation
import Logging
import NIOCore
import TestSupport
import Testing

@testable import Agent

@Suite struct FileChannelTests {
    private let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    @Test(arguments: [1, 3, 7, 10, 100])
    func takesSplitAndMergeInOrder(limit: Int) async throws {
        let rig = try await FileRig.started(directory)
        try await rig.put(0..<5)
        try await rig.put(5..<6)
        try await rig.put(6..<20)
        #expect(rig.channel.size == 20)
        #expect(await rig.drain(by: limit) == Array(0..<20))
        #expect(rig.channel.size == 0)
        #expect(await rig.channel.stop() == 0)
    }

    @Test func whatIsNotDeliveredIsThereAfterARestart() async throws {
        let first = try await FileRig.started(directory)
        try await first.put(0..<10)
        try await first.put(10..<20)
        let delivered = try await first.taken(4)
        let partly = try await first.taken(6)
        let held = try await first.taken(3)
        let number = held.batch.numbers
        delivered.finish(.delivered)
        partly.finish(.except([1, 5]))
        #expect(await first.channel.stop() == 0)
        #expect(number == [10, 11, 12])
        held.finish(.delivered)

        let second = try await FileRig.started(directory)
        #expect(second.channel.size == 12)
        // Told after the channel had closed: it comes again.
        #expect(await second.drain(by: 5) == [5, 9] + Array(10..<20))
        #expect(await second.channel.stop() == 0)
        let third = try await FileRig.started(directory)
        #expect(third.channel.size == 0)
        #expect(third.isDry(10))
        _ = await third.channel.stop()
    }

    @Test func roomCountsWhatAStartFinds() async throws {
        let first = try await FileRig.started(directory, ["capacity": "10", "transactionCapacity": "10"])
        try await first.put(0..<8)
        _ = await first.channel.stop()
        let second = try await FileRig.started(directory, ["capacity": "10", "transactionCapacity": "10"])
        try await second.put(8..<10)
        await #expect(throws: FileRig.NoRoom.self) { try await second.put([10]) }
        let delivery = try await second.taken(3)
        await #expect(throws: FileRig.NoRoom.self) { try await second.put([10]) }
        delivery.finish(.delivered)
        try await second.put([10, 11, 12])
        #expect(second.value("ChannelSize") == "10")
        _ = await second.channel.stop()
        // Live change of the capacity, below what is held.
        let third = try await FileRig.started(directory, ["capacity": "5", "transactionCapacity": "5"])
        await #expect(throws: FileRig.NoRoom.self) { try await third.put([13]) }
        #expect(await third.drain() == Array(3..<13))
        // All room is back: a batch larger than the channel goes in alone.
        try await third.put(13..<30)
        #expect(await third.drain() == Array(13..<30))
        _ = await third.channel.stop()
    }

    @Test func wakersFireWhenEnoughIsStored() async throws {
        let rig = try await FileRig.started(directory)
        let woken = Recorded<String>()
        let one = ChannelWaker { woken.add("one") }
        let three = ChannelWaker { woken.add("three") }
        #expect(rig.isDry(10, waking: one))
        #expect(rig.isDry(10, atLeast: 3, waking: three))
        try await rig.put([0])
        #expect(await eventually { woken.all == ["one"] })
        try await rig.put([1])
        try await rig.put([2])
        #expect(await eventually { woken.all == ["one", "three"] })
        _ = await rig.channel.stop()
    }

    @Test func aCustodyIsDoneWhenTheBatchIsStored() async throws {
        let rig = try await FileRig.started(directory)
        let answers = Recorded<Bool>()
        let custody = Custody(events: 3, deadline: .distantFuture) { answers.add($0) }
        try await rig.put(0..<3, custody: custody)
        #expect(answers.all == [true])
        #expect(rig.channel.withdraw(custody) == 0)
        let delivery = try await rig.taken(2)
        #expect(delivery.deadline == nil)
        delivery.finish(.notDelivered)
        #expect(await rig.drain() == [0, 1, 2])
        #expect(answers.count == 1)
        _ = await rig.channel.stop()
    }

    @Test func countersAreFlumes() async throws {
        let rig = try FileRig(directory)
        #expect(rig.value("Open") == "false")
        #expect(rig.value("Closed") == "1")
        try await rig.channel.start()
        #expect(rig.isDry(5))
        try await rig.put(0..<10)
        let first = try await rig.taken(4)
        let second = try await rig.taken(100)
        first.finish(.delivered)
        second.finish(.notDelivered)
        let expected = [
            "Open": "true", "Closed": "0", "Unhealthy": "0", "EventPutAttemptCount": "10", "EventPutSuccessCount": "10",
            "EventTakeAttemptCount": "12", "EventTakeSuccessCount": "4", "ChannelSize": "6",
            "ChannelCapacity": "1000000", "EventPutErrorCount": "0", "EventTakeErrorCount": "0",
            "CheckpointWriteErrorCount": "0", "CheckpointBackupWriteErrorCount": "0", "ReturnedEventCount": "6",
            "LostEventCount": "0", "GroupCommitCount": "1",
        ]
        for (name, value) in expected { #expect(rig.value(name) == value, "\(name)") }
        _ = await rig.channel.stop()
    }

    // MARK: Trouble

    @Test func aFullDiskRefusesAndGoesOnDelivering() async throws {
        let first = try await FileRig.started(directory)
        try await first.put(0..<10)
        _ = await first.channel.stop()
        // More than any disk has free.
        let rig = try await FileRig.started(directory, ["minimumRequiredSpace": "9000000000000000000"])
        #expect(rig.channel.trouble == nil)
        let error = await #expect(throws: ComponentError.self) { try await rig.put(10..<12) }
        #expect(error?.code == .channelFull)
        #expect(error?.message.contains("no data directory has room: \(directory.path)/data") == true)
        #expect(rig.channel.trouble?.contains("no data directory has room") == true)
        #expect(rig.value("EventPutErrorCount") == "1")
        #expect(rig.value("Unhealthy") == "1")
        #expect(rig.channel.size == 10)
        #expect(await rig.drain() == Array(0..<10))
        _ = await rig.channel.stop()
    }

    @Test func aDirectoryThatFailsMakesTheChannelUnready() async throws {
        let rig = try await FileRig.started(directory)
        try FileManager.default.removeItem(atPath: directory.path + "/data")
        let error = await #expect(throws: ComponentError.self) { try await rig.put(0..<2) }
        #expect(error?.code == .channelClosed)
        #expect(error?.message.contains("every data directory of channel c of agent a failed") == true)
        #expect(rig.channel.trouble?.contains("every data directory") == true)
        #expect(rig.channel.size == 0)
        #expect(rig.log.lines.contains { $0.level == .error && "\($0.metadata["path"] ?? "")".hasSuffix("/data") })
        _ = await rig.channel.stop()
    }

    @Test func beforeTheStartAndAfterTheStopNothingIsTaken() async throws {
        let rig = try FileRig(directory)
        await #expect(throws: ComponentError.self) { try await rig.put([0]) }
        #expect(rig.channel.size == 0)
        try await rig.channel.start()
        _ = await rig.channel.stop()
        let error = await #expect(throws: ComponentError.self) { try await rig.put([0]) }
        #expect(error?.code == .channelClosed)
        #expect(rig.isDry(1))
        #expect(rig.channel.size == 0)
    }

    /// Bytes that change while the agent is down cost their frame, and the room of what was in it.
    @Test func eventsLostToDamageGiveTheirRoomBack() async throws {
        let first = try await FileRig.started(directory)
        try await first.put(0..<10)
        try await first.put(10..<15)
        _ = await first.channel.stop()
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: directory.path + "/data").first { $0.hasPrefix("seg-") }
        )
        let path = directory.path + "/data/" + name
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        // The first frame's payload begins at 8,192 + 40.
        bytes[8_250] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))

        let rig = try await FileRig.started(directory)
        #expect(await eventually { rig.channel.size == 5 })
        #expect(await rig.drain() == Array(10..<15))
        #expect(rig.channel.size == 0)
        #expect(rig.value("LostEventCount") == "10")
        // Its room may be free a moment before it is told.
        #expect(await eventually { rig.value("EventTakeErrorCount") == "1" })
        #expect(rig.log.lines.contains { $0.level == .error && $0.metadata["events"] == "10" })
        _ = await rig.channel.stop()
    }

    @Test func aSecondOwnerIsToldOfTheFirst() async throws {
        let first = try await FileRig.started(directory)
        for values in [[:], ["checkpointDir": directory.path + "/other"]] {
            let second = try FileRig(directory, values)
            let error = await #expect(throws: ComponentError.self) { try await second.channel.start() }
            #expect(error?.code == .environment)
            let text = error?.message ?? ""
            #expect(text.contains("`a.channels.c.\(values.isEmpty ? "checkpointDir" : "dataDirs")`"), "\(text)")
            #expect(text.contains("is in use by channel c of agent a"), "\(text)")
            #expect(await second.channel.stop() == 0)
        }
        try await first.put([1])
        #expect(await first.drain() == [1])
        _ = await first.channel.stop()
    }

    @Test func aDirectoryThatCannotBeMade() async throws {
        try directory.write("file", "")
        let rig = try FileRig(directory, ["dataDirs": directory.path + "/file/data"])
        let error = await #expect(throws: ComponentError.self) { try await rig.channel.start() }
        #expect(error?.code == .environment)
        #expect(error?.message.contains("`a.channels.c.dataDirs`: cannot use the directory") == true)
    }
}
