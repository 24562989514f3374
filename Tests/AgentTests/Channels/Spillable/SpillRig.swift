import Events
import Journal
import TestSupport

@testable import Agent

/// A spillable channel in a directory.
struct SpillRig: ChannelDriver {
    let admission = Admission()
    let channel: any Channel
    var driven: any Channel { channel }
    let counters = ChannelCounters(name: "c")
    let log = LogCapture()

    static func started(
        _ directory: TestDirectory,
        memory: Int,
        overflow: Int,
        _ more: [String: String] = [:]
    ) async throws -> SpillRig {
        var values = FileRig.keys(directory)
        values["memoryCapacity"] = "\(memory)"
        values["overflowCapacity"] = "\(overflow)"
        let rig = try SpillRig(values.merging(more) { $1 })
        try await rig.channel.start()
        return rig
    }

    private init(_ values: [String: String]) throws {
        channel = try SpillableMemoryChannel.make(
            FileRig.context(values, admission: admission, counters: counters, log: log)
        )
    }

    /// One for 10 events in memory, whose disk has one record to write at a time.
    static func withNarrowDisk(_ directory: TestDirectory, _ disk: HeldDisk) async throws -> SpillRig {
        let rig = try SpillRig(narrow: FileRig.keys(directory), disk)
        try await rig.channel.start()
        return rig
    }

    private init(narrow values: [String: String], _ disk: HeldDisk) throws {
        let context = FileRig.context(values, admission: admission, counters: counters, log: log)
        var settings = try FileChannelSettings(context)
        settings.journal.waitingLimit = 1
        settings.journal.answering = disk.answering
        channel = SpillableMemoryChannel(
            context,
            settings,
            limits: SpillLimits(events: 10, bytes: 1 << 20, eventsToReturn: 1),
            overflowCapacity: 1_000,
            keepAlive: .zero
        )
    }
}
