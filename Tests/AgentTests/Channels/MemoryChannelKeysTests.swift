import TestSupport
import Testing

@testable import Agent

@Suite struct MemoryChannelKeysTests {
    /// Flume's memory channel goes on with the default where a number cannot be read.
    @Test(arguments: ["capacity", "transactionCapacity", "byteCapacity", "keep-alive"])
    func numbersThatCannotBeReadGiveTheDefault(key: String) throws {
        let notes = Recorded<Diagnostic>()
        let channel = MemoryChannel(FileRig.context([key: "many"], notes: notes))
        #expect(channel.room?.capacity == 100)
        #expect(channel.transactionCapacity == 100)
        #expect(channel.keepAlive == .seconds(3))
        #expect(notes.all.map(\.grade) == [.note])
        #expect(notes.all.first?.message.contains("is used, as in Flume") == true)
    }

    /// No limit, as in Flume.
    @Test(arguments: ["0", "-1"]) func bytesWithoutALimit(text: String) throws {
        let notes = Recorded<Diagnostic>()
        let context = FileRig.context(["byteCapacity": text], notes: notes)
        #expect(MemoryChannel.byteCapacity(context) == .max)
        #expect(notes.all.isEmpty)
    }
}
