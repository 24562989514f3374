import Events
import NIOCore
import TestSupport
import Testing

@Suite struct EventBatchTests {
    private static func batch(_ bodies: [String]) -> EventBatch {
        var builder = EventBatchBuilder()
        for body in bodies { builder.append(body: body) }
        return builder.finish()
    }

    private static func bodies(_ batch: EventBatch) -> [String] {
        batch.events.map { String(buffer: $0.body) }
    }

    @Test func slicesShareTheBytes() {
        let batch = Self.batch((0..<10).map { "event \($0)" })
        let middle = batch.slice(3..<7)
        #expect(Self.bodies(middle) == ["event 3", "event 4", "event 5", "event 6"])
        #expect(middle.bytes.storageCapacity == batch.bytes.storageCapacity)
        #expect(Self.bodies(middle.slice(1..<2)) == ["event 4"])
        #expect(middle.slice(2..<2).isEmpty)
        #expect(Self.bodies(batch.slice(0..<10)) == Self.bodies(batch))
    }

    @Test func everySliceOfEveryMergeIsWhatItSays() {
        var generator = SeededGenerator.announced("everySliceOfEveryMerge")
        for _ in 0..<100 {
            var names: [String] = []
            var parts: [EventBatch] = []
            for _ in 0..<Int.random(in: 1...5, using: &generator) {
                let bodies = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                    String(repeating: "b", count: Int.random(in: 0...200, using: &generator)) + "\(names.count)"
                }
                let whole = Self.batch(["before"] + bodies + ["behind"])
                parts.append(whole.slice(1..<(1 + bodies.count)))
                names += bodies
            }
            let merged = EventBatch.merging(parts)
            #expect(Self.bodies(merged) == names)
            for lower in 0...names.count {
                for upper in lower...names.count {
                    #expect(Self.bodies(merged.slice(lower..<upper)) == Array(names[lower..<upper]))
                }
            }
            let odd = names.indices.filter { $0 % 2 == 1 }
            #expect(Self.bodies(merged.selecting(odd)) == odd.map { names[$0] })
        }
    }

    @Test func aSmallSliceIsCopiedAndALargeOneIsNot() {
        let batch = Self.batch((0..<100).map { _ in String(repeating: "x", count: 1000) })
        let small = batch.slice(0..<10)
        #expect(small.withoutWaste().retainedBytes < small.retainedBytes / 4)
        #expect(Self.bodies(small.withoutWaste()) == Self.bodies(small))
        let large = batch.slice(0..<90)
        #expect(large.withoutWaste().retainedBytes == large.retainedBytes)
    }

    @Test func anArrayInOneBlockSharesThePayload() throws {
        var payload = ByteBuffer()
        payload.writeAvroLong(2)
        payload.writeImmutableBuffer(Self.batch(["a", "b"]).bytes)
        payload.writeAvroLong(0)
        payload.writeString("what follows")
        let (batch, consumed) = try EventBatch.decode(array: payload)
        #expect(Self.bodies(batch) == ["a", "b"])
        #expect(consumed == payload.readableBytes - "what follows".utf8.count)
        #expect(batch.bytes.storageCapacity == payload.storageCapacity)
    }

    @Test func eventsThatFitIntoSoManyBytes() {
        // Each event: an empty map, a length of one byte, ten bytes of body.
        let batch = Self.batch((0..<5).map { "event n. \($0)" })
        let table = [(60, 5), (100, 5), (59, 4), (48, 4), (47, 3), (12, 1), (11, 1), (0, 1)]
        for (limit, count) in table { #expect(batch.count(within: limit) == count, "\(limit)") }
        #expect(batch.slice(2..<5).count(within: 24) == 2)
    }
}
