import Events
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
}
