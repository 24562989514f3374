import Events
import NIOCore

/// What holds for every batch that was accepted.
enum BatchRules {
    /// A batch as its users read it.
    static func read(_ batch: EventBatch) -> [PlainEvents.One] {
        var events: [PlainEvents.One] = []
        batch.forEachEvent { _, event in
            var headers: [[UInt8]: [UInt8]] = [:]
            let behind = event.forEachHeader { headers[Array($0)] = Array($1) }
            events.append(PlainEvents.One(headers: headers, body: Array(event.body(at: behind))))
        }
        return events
    }

    static func check(_ batch: EventBatch) throws {
        let events = read(batch)
        try require(events.count == batch.count, "\(events.count) events in a batch of \(batch.count)")
        try isStable(batch, events)
        try keysAreUnique(batch)
        try slices(batch, events)
        // A key that some event has, and two that few have.
        let present = events.lazy.flatMap { $0.headers.keys.sorted { $0.lexicographicallyPrecedes($1) } }.first
        for key in [present, Array("host".utf8), []] {
            guard let key, let text = String(validating: key, as: UTF8.self) else { continue }
            try headers(batch, events, key, text)
        }
    }

    /// Written as an array and read again, it is the same to the byte.
    private static func isStable(_ batch: EventBatch, _ events: [PlainEvents.One]) throws {
        var written = ByteBuffer()
        if !batch.isEmpty { written.writeAvroLong(Int64(batch.count)) }
        written.writeImmutableBuffer(batch.bytes)
        written.writeAvroLong(0)
        let again = try EventBatch.decode(array: written)
        try require(again.consumed == written.readableBytes, "a batch written anew is longer than what is read of it")
        try require(again.batch.bytes == batch.bytes, "a batch's bytes change when it is written and read")
        try require(read(again.batch) == events, "a batch's events change when it is written and read")
    }

    private static func keysAreUnique(_ batch: EventBatch) throws {
        var twice = false
        batch.forEachEvent { _, event in
            var seen: Set<[UInt8]> = []
            event.forEachHeader { key, _ in twice = !seen.insert(Array(key)).inserted || twice }
        }
        try require(!twice, "a batch holds a key twice in one event")
    }

    private static func slices(_ batch: EventBatch, _ events: [PlainEvents.One]) throws {
        let middle = batch.count / 2
        let (front, back) = (batch.slice(0..<middle), batch.slice(middle..<batch.count))
        try require(read(front) == Array(events[..<middle]), "the first half of a batch is not its first events")
        try require(read(back) == Array(events[middle...]), "the second half of a batch is not its last events")
        try require(read(EventBatch.merging([front, back])) == events, "two halves together are not the whole")
        try require(read(back.withoutWaste()) == Array(events[middle...]), "a copy of a slice is not the slice")
        let every = Array(stride(from: 0, to: batch.count, by: 2))
        try require(read(batch.selecting(every)) == every.map { events[$0] }, "the events selected are others")
        for limit in [0, batch.bytes.readableBytes / 2, batch.bytes.readableBytes] {
            let count = batch.count(within: limit)
            let isLeast = batch.count <= 1 || count == 1
            try require(
                isLeast || batch.slice(0..<count).bytes.readableBytes <= limit,
                "\(count) events are over \(limit)"
            )
            let isAll = count == batch.count
            try require(isAll || batch.slice(0..<count + 1).bytes.readableBytes > limit, "one more is under \(limit)")
        }
    }

    private static func headers(
        _ batch: EventBatch,
        _ events: [PlainEvents.One],
        _ key: [UInt8],
        _ text: String
    ) throws {
        let value = Array("value".utf8)
        func changed(_ change: (inout PlainEvents.One) -> Void) -> [PlainEvents.One] {
            events.map { event in
                var event = event
                change(&event)
                return event
            }
        }
        var found: [[UInt8]?] = []
        batch.forEachEvent { _, event in found.append(event.header(named: key).map { Array($0) }) }
        try require(found == events.map { $0.headers[key] }, "a header is looked up wrongly")

        let replaced = batch.settingHeader(text, to: "value", existing: .replace)
        try require(read(replaced) == changed { $0.headers[key] = value }, "a header is replaced wrongly")
        try keysAreUnique(replaced)
        try isStable(replaced, read(replaced))
        let kept = batch.settingHeader(text, to: "value", existing: .keep)
        try require(read(kept) == changed { $0.headers[key] = $0.headers[key] ?? value }, "a header is kept wrongly")
        try keysAreUnique(kept)
        let removed = batch.removingHeader(text)
        try require(read(removed) == changed { $0.headers[key] = nil }, "a header is removed wrongly")
        try isStable(removed, read(removed))
        try require(read(replaced.removingHeader(text)) == read(removed), "a header that was set cannot be removed")
    }
}
