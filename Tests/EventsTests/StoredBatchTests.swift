import Events
import NIOCore
import TestSupport
import Testing

/// Batches whose bytes come back from a disk.
@Suite struct StoredBatchTests {
    private func stored(_ bytes: [UInt8], _ count: Int) -> EventBatch? {
        bytes.withUnsafeBytes { EventBatch(stored: $0, count: count) }
    }

    @Test func whatWasStoredComesBack() throws {
        let batch = EventBatch.numbered(0..<5)
        let bytes = Array(batch.bytes.readableBytesView)
        #expect(batch.offset(of: 0) == 0)
        #expect(batch.offset(of: 5) == bytes.count)
        let again = try #require(stored(bytes, 5))
        #expect(again.numbers == Array(0..<5))
        for index in 0...5 { #expect(again.offset(of: index) == batch.offset(of: index)) }
        // Offsets of a slice count from its own first event.
        let slice = batch.slice(2..<4)
        #expect(slice.offset(of: 0) == 0)
        #expect(slice.offset(of: 2) == slice.bytes.readableBytes)
        #expect(stored(Array(slice.bytes.readableBytesView), 2)?.numbers == [2, 3])
    }

    @Test func otherBytesAreNone() {
        let bytes = Array(EventBatch.numbered(0..<5).bytes.readableBytesView)
        #expect(stored(bytes, 4) == nil)
        #expect(stored(bytes, 6) == nil)
        #expect(stored(bytes, -1) == nil)
        #expect(stored(bytes, .max) == nil)
        #expect(stored(Array(bytes.dropLast()), 5) == nil)
        #expect(stored(bytes + [0], 5) == nil)
        #expect(stored([], 1) == nil)
        #expect(stored([0xFF, 0xFF, 0xFF], 1) == nil)
    }
}
