/// The one pass over the bytes of events that come from outside: checks every count and length, finds where each event
/// begins, and says which events hold a key twice.
struct EventWalk {
    /// Where each event begins and, last, where the last one ends; counted from the first byte that was walked.
    private(set) var starts: [UInt32] = []
    /// The stretches of bytes that hold nothing but events, in order: one, unless an array came in several blocks.
    private(set) var runs: [Range<Int>] = []
    /// Events (by index) of which some key stands more than once.
    private(set) var repeatingKeys: [Int] = []
    /// Bytes walked.
    private(set) var consumed = 0

    /// Fewest bytes an event can take: an empty map and an empty body.
    private static let smallestEvent = 2
    /// Fewest bytes a header can take: an empty key and an empty value.
    private static let smallestHeader = 2

    /// Walks an Avro array of events.
    static func array(_ bytes: UnsafeRawBufferPointer, _ limits: EventLimits) throws(AvroError) -> EventWalk {
        var walk = EventWalk()
        guard bytes.count <= Int(UInt32.max) else { throw AvroError(.batchTooLarge, offset: 0) }
        var reader = unsafe AvroReader(bytes)
        while let block = try unsafe reader.block(minimum: smallestEvent) {
            let start = unsafe reader.position
            guard block.entries <= limits.events - walk.starts.count else {
                throw AvroError(.tooManyEvents, offset: start)
            }
            // Once, for the one block of everybody's arrays: an exact reserve for each of many copies all of them each time.
            if walk.starts.isEmpty { walk.starts.reserveCapacity(block.entries + 1) }
            for _ in 0..<block.entries { try unsafe walk.event(&reader, limits) }
            try unsafe reader.close(block)
            unsafe walk.runs.append(start..<reader.position)
        }
        unsafe walk.finish(at: reader.position)
        return walk
    }

    /// Walks a single event.
    static func single(_ bytes: UnsafeRawBufferPointer, _ limits: EventLimits) throws(AvroError) -> EventWalk {
        var walk = EventWalk()
        guard bytes.count <= Int(UInt32.max) else { throw AvroError(.batchTooLarge, offset: 0) }
        var reader = unsafe AvroReader(bytes)
        try unsafe walk.event(&reader, limits)
        unsafe walk.runs.append(0..<reader.position)
        unsafe walk.finish(at: reader.position)
        return walk
    }

    /// Walks `count` events that stand one behind the other and end where the bytes end.
    static func row(
        of count: Int,
        _ bytes: UnsafeRawBufferPointer,
        _ limits: EventLimits
    ) throws(AvroError) -> EventWalk {
        var walk = EventWalk()
        guard bytes.count <= Int(UInt32.max) else { throw AvroError(.batchTooLarge, offset: 0) }
        guard (0...bytes.count / smallestEvent).contains(count) else { throw AvroError(.countPastEnd, offset: 0) }
        var reader = unsafe AvroReader(bytes)
        walk.starts.reserveCapacity(count + 1)
        for _ in 0..<count { try unsafe walk.event(&reader, limits) }
        guard unsafe reader.remaining == 0 else { throw unsafe AvroError(.blockSizeMismatch, offset: reader.position) }
        unsafe walk.runs.append(0..<reader.position)
        unsafe walk.finish(at: reader.position)
        return walk
    }

    private mutating func finish(at position: Int) {
        starts.append(UInt32(runs.last?.upperBound ?? 0))
        consumed = position
    }

    @inline(__always)
    private mutating func event(_ reader: inout AvroReader, _ limits: EventLimits) throws(AvroError) {
        let start = unsafe reader.position
        // One bit for each (length, first byte, last byte) seen: two keys can only be equal when their bits are.
        var seen: UInt64 = 0
        var suspect = false
        var headersLeft = limits.headers
        while let block = try unsafe reader.block(minimum: Self.smallestHeader) {
            headersLeft -= block.entries
            guard headersLeft >= 0 else { throw AvroError(.tooManyHeaders, offset: start) }
            for _ in 0..<block.entries {
                let key = try unsafe reader.bytes()
                let bit = unsafe Self.fingerprint(reader.slice(key))
                suspect = suspect || seen & bit != 0
                seen |= bit
                _ = try unsafe reader.bytes()
            }
            try unsafe reader.close(block)
        }
        guard unsafe reader.position - start <= limits.headerBytes else {
            throw AvroError(.headersTooLarge, offset: start)
        }
        guard try unsafe reader.bytes().count <= limits.bodyBytes else {
            throw AvroError(.bodyTooLarge, offset: start)
        }
        if suspect, unsafe Self.repeatsKey(reader.slice(start..<reader.position)) {
            repeatingKeys.append(starts.count)
        }
        starts.append(UInt32(start))
    }

    @inline(__always)
    private static func fingerprint(_ key: UnsafeRawBufferPointer) -> UInt64 {
        guard key.count > 0 else { return 1 }
        let mixed = unsafe UInt64(key[0]) &* 5 &+ UInt64(key[key.count - 1]) &* 11 &+ UInt64(key.count) &* 3
        return 1 << (mixed & 63)
    }

    /// Whether a key stands more than once in an event that has been walked already. Linear in the number of headers,
    /// so that an event made of colliding keys costs no more than its bytes.
    private static func repeatsKey(_ event: UnsafeRawBufferPointer) -> Bool {
        var keys: Set<[UInt8]> = []
        var repeats = false
        unsafe UnsafeEvent(event).forEachHeader { key, _ in
            repeats = unsafe !keys.insert(Array(key)).inserted || repeats
        }
        return repeats
    }
}
