import Testing

@testable import Kafka

struct TopicTableTests {
    /// Handles in use stay good however many names a batch brings; the table is emptied between batches.
    @Test func handlesStayUntilTrimmed() throws {
        var table = TopicTable(client: try ClientConfiguration().makeProducer())
        let count = TopicTable.limit + 200
        let handles = (0..<count).map { unsafe handle(of: "t\($0)", in: &table) }
        #expect(Set(handles).count == count)
        #expect(!handles.contains(nil))
        #expect(table.count == count)
        #expect(unsafe handle(of: "t0", in: &table) == handles[0])
        table.trim()
        #expect(table.count == 0)
        #expect(unsafe handle(of: "t0", in: &table) != nil)
        table.trim()
        #expect(table.count == 1)
        #expect(unsafe handle(of: "no topic", in: &table) == nil)
    }

    private func handle(of name: String, in table: inout TopicTable) -> OpaquePointer? {
        unsafe Array(name.utf8).withUnsafeBytes { unsafe table.handle($0) }
    }
}
