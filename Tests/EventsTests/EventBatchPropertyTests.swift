import Events
import NIOCore
import TestSupport
import Testing

/// The reader of the hot path against the slow one of these tests: on what odd peers may send, on every truncation of it
/// and on every change of a byte of it, both reject it or both read the same.
@Suite struct EventBatchPropertyTests {
    typealias Plain = PlainReader.PlainEvent

    private static func randomEvents(
        _ generator: inout SeededGenerator
    ) -> [(headers: [(String, String)], body: [UInt8])] {
        (0..<Int.random(in: 0...5, using: &generator)).map { _ in
            let headers = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                (
                    ["host", "ts", "", "k", "Ω"].randomElement(using: &generator)!,
                    String(repeating: "v", count: Int.random(in: 0...3, using: &generator))
                )
            }
            let body = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            return (headers, body)
        }
    }

    private static func plain(_ bytes: [UInt8]) -> [Plain]? {
        var reader = PlainReader(bytes)
        return try? reader.array()
    }

    private static func ours(_ bytes: [UInt8]) -> EventBatch? {
        try? EventBatch.decode(array: ByteBuffer(bytes: bytes)).batch
    }

    private static func read(_ batch: EventBatch) -> [Plain] {
        var events: [Plain] = []
        batch.forEachEvent { _, event in
            var headers: [[UInt8]: [UInt8]] = [:]
            let behind = event.forEachHeader { headers[Array($0)] = Array($1) }
            events.append((headers, Array(event.body(at: behind))))
        }
        return events
    }

    private static func agree(_ bytes: [UInt8]) -> Bool {
        switch (plain(bytes), ours(bytes)) {
        case (nil, nil): return true
        case (let plain?, let ours?):
            let read = read(ours)
            return plain.count == read.count
                && zip(plain, read).allSatisfy { $0.headers == $1.headers && $0.body == $1.body }
        default: return false
        }
    }

    @Test(.ownThread) func oddFormsAndAllTheirNeighbours() {
        var generator = SeededGenerator.announced("oddFormsAndAllTheirNeighbours")
        var accepted = 0
        var rejected = 0
        for _ in 0..<150 {
            let events = Self.randomEvents(&generator)
            var writer = OddWriter(generator)
            writer.array(events)
            generator = writer.generator
            let bytes = writer.bytes
            #expect(Self.plain(bytes)?.count == events.count)
            #expect(Self.agree(bytes), "whole: \(bytes)")
            for cut in bytes.indices {
                let part = Array(bytes[..<cut])
                if Self.plain(part) == nil { rejected += 1 } else { accepted += 1 }
                if !Self.agree(part) { Issue.record("cut at \(cut): \(bytes)") }
            }
            for index in bytes.indices {
                var changed = bytes
                for value in [
                    changed[index] ^ 1, changed[index] ^ 0x80, 0, 0xff, UInt8.random(in: 0...255, using: &generator),
                ] {
                    changed[index] = value
                    if Self.plain(changed) == nil { rejected += 1 } else { accepted += 1 }
                    if !Self.agree(changed) { Issue.record("byte \(index) to \(value): \(bytes)") }
                }
            }
        }
        // Both verdicts must occur, or the comparison says little.
        #expect(accepted > 1000)
        #expect(rejected > 1000)
    }

    @Test func everyByteValueInOnePlainBatch() {
        let bytes: [UInt8] =
            [4, 2, 8] + Array("host".utf8) + [2] + Array("a".utf8) + [0, 2] + Array("x".utf8) + [0, 0, 0]
        #expect(Self.plain(bytes)?.count == 2)
        for index in bytes.indices {
            for value in UInt8.min...UInt8.max {
                var changed = bytes
                changed[index] = value
                if !Self.agree(changed) { Issue.record("byte \(index) to \(value)") }
            }
        }
    }

    @Test func aKeyThatStandsTwiceKeepsItsLastValueAndIsSentOnce() throws {
        // One event, two blocks: {a: 1, b: 2} {a: 3}; body "x".
        let bytes: [UInt8] = [2, 4, 2, 0x61, 2, 0x31, 2, 0x62, 2, 0x32, 2, 2, 0x61, 2, 0x33, 0, 2, 0x78, 0]
        let batch = try EventBatch.decode(array: ByteBuffer(bytes: bytes)).batch
        #expect(batch.event(at: 0).headers == ["a": "3", "b": "2"])
        var keys: [String] = []
        batch.forEachEvent { _, event in
            event.forEachHeader { key, _ in keys.append(String(decoding: key, as: UTF8.self)) }
        }
        #expect(keys.sorted() == ["a", "b"])
    }

    @Test func hugeCountsAndLengthsReserveNothing() {
        let table: [(String, [UInt8], AvroError.Code)] = [
            ("array of 2^62 events", [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], .countPastEnd),
            ("array of 1000 events in 3 bytes", [0xd0, 0x0f, 0], .countPastEnd),
            ("map of 2^40 headers", [2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 0, 0], .countPastEnd),
            ("body of 2^31 bytes", [2, 0, 0xfe, 0xff, 0xff, 0xff, 0x0f], .lengthPastEnd),
            ("negative body", [2, 0, 1], .negativeLength),
            ("count of Int64.min", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], .countPastEnd),
            ("eleven bytes of varint", Array(repeating: 0x80, count: 10) + [0], .varintTooLong),
            ("66 bits of varint", Array(repeating: 0xff, count: 9) + [0x03], .varintTooLong),
            ("block larger than it says", [1, 2, 0, 2, 0x78, 0], .blockSizeMismatch),
            ("block past the end", [1, 0x7e, 0, 0, 0], .lengthPastEnd),
            ("nothing", [], .truncated),
        ]
        for (name, bytes, code) in table {
            do throws(AvroError) {
                let batch = try EventBatch.decode(array: ByteBuffer(bytes: bytes)).batch
                Issue.record("\(name): read as \(batch.count) events")
            } catch {
                #expect(error.code == code, "\(name)")
            }
        }
    }
}
