import TestSupport
import Testing

@testable import Agent

@Suite struct SpillableKeysTests {
    private func make(_ values: [String: String], _ notes: Recorded<Diagnostic> = Recorded()) throws -> any Channel {
        try SpillableMemoryChannel.make(FileRig.context(values, notes: notes))
    }

    @Test func defaultsAreFlumes() throws {
        let channel = try #require(try make([:]) as? SpillableMemoryChannel)
        #expect(channel.room?.capacity == 100_010_000)
        #expect(channel.transactionCapacity == 10_000)
        #expect(channel.keepAlive == .seconds(3))
    }

    @Test func oneSideAlone() throws {
        let memory = try #require(try make(["overflowCapacity": "0", "memoryCapacity": "70"]) as? MemoryChannel)
        #expect(memory.room?.capacity == 70)
        let file = try #require(try make(["memoryCapacity": "0", "overflowCapacity": "80000"]) as? FileChannel)
        #expect(file.room?.capacity == 80_000)
        let notes = Recorded<Diagnostic>()
        let both = try #require(try make(["memoryCapacity": "0", "overflowCapacity": "0"], notes) as? FileChannel)
        #expect(both.room?.capacity == 100_000_000)
        #expect(notes.all.map(\.message).first?.contains("are both 0; the default 100000000 is used") == true)
    }

    @Test(
        arguments: [
            "memoryCapacity", "overflowCapacity", "overflowTimeout", "overflowDeactivationThreshold", "byteCapacity",
        ]
    )
    func numbersThatCannotBeReadGiveTheDefault(key: String) throws {
        let notes = Recorded<Diagnostic>()
        let channel = try make([key: "many"], notes)
        #expect(channel.room?.capacity == 100_010_000)
        #expect(notes.all.map(\.grade) == [.note])
        #expect(notes.all.first?.message.contains("is used, as in Flume") == true)
    }

    @Test func itIsFoundByItsNames() {
        for name in ["SPILLABLEMEMORY", "org.apache.flume.channel.SpillableMemoryChannel"] {
            let entry = ComponentRegistry.core.catalog.entry(of: .channel, named: name)
            #expect(entry?.limits?.capacity.key == "overflowCapacity")
        }
    }
}
