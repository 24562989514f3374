public import NIOCore

/// What moves through Tributary: events in Avro's binary form, one behind the other in one buffer.
///
/// The bytes are those of the wire (`AvroFlumeEvent`: a map of string, then bytes), checked once where they entered the
/// process; from socket to channel to the next socket a batch is only sliced. A batch never holds a key twice in one
/// event: where a peer sent one twice, the last value stands, as in Java. Copying a value copies no bytes.
public struct EventBatch: Sendable {
    /// The events' bytes, nothing else: reader index at the first event, writer index behind the last.
    public let bytes: ByteBuffer
    /// Where each event begins, and behind the last one where it ends; counted from any origin (see `origin`).
    let starts: ArraySlice<UInt32>

    /// A batch of no events.
    public init() {
        self.init(bytes: ByteBuffer(), starts: [0])
    }

    init(bytes: ByteBuffer, starts: ArraySlice<UInt32>) {
        self.bytes = bytes
        self.starts = starts
    }

    /// Number of events.
    public var count: Int { starts.count - 1 }
    public var isEmpty: Bool { count == 0 }

    private var origin: UInt32 { starts[starts.startIndex] }

    /// Where an event stands, counted from the first byte of `bytes`.
    @inline(__always)
    func range(of index: Int) -> Range<Int> {
        let at = starts.startIndex + index
        return Int(starts[at] - origin)..<Int(starts[at + 1] - origin)
    }

    /// Where an event begins, counted from the first byte of `bytes`; for `count`, where the last one ends.
    package func offset(of index: Int) -> Int { Int(starts[starts.startIndex + index] - origin) }

    /// Some events of the batch, sharing its bytes.
    public func slice(_ events: Range<Int>) -> EventBatch {
        if events == 0..<count { return self }
        guard !events.isEmpty else { return EventBatch() }
        let first = starts.startIndex + events.lowerBound
        let last = starts.startIndex + events.upperBound
        let offset = bytes.readerIndex + Int(starts[first] - origin)
        let length = Int(starts[last] - starts[first])
        guard let part = bytes.getSlice(at: offset, length: length) else { return EventBatch() }
        return EventBatch(bytes: part, starts: starts[first...last])
    }

    /// How many events from the first on fit into `limit` bytes; 1 where not even the first does.
    public func count(within limit: Int) -> Int {
        guard bytes.readableBytes > limit else { return count }
        var (low, high) = (1, count)
        while low < high {
            let middle = (low + high + 1) / 2
            if Int(starts[starts.startIndex + middle] - origin) <= limit { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// The bytes of memory that this batch keeps alive: its whole storage, whether other slices share it or not.
    public var retainedBytes: Int { bytes.storageCapacity + starts.count * MemoryLayout<UInt32>.size }

    /// The same events in storage of their own where this is a slice of under half of what it pins, else itself.
    public func withoutWaste() -> EventBatch {
        guard bytes.readableBytes < bytes.storageCapacity / 2 else { return self }
        return EventBatch.copying([self])
    }

    /// Calls `body` with each event in order.
    public func forEachEvent<Failure: Error>(
        _ body: (_ index: Int, _ event: UnsafeEvent) throws(Failure) -> Void
    ) throws(Failure) {
        let failure = unsafe bytes.withUnsafeReadableBytes { raw -> Failure? in
            do throws(Failure) {
                for index in 0..<count {
                    let range = range(of: index)
                    try unsafe body(index, UnsafeEvent(UnsafeRawBufferPointer(rebasing: raw[range])))
                }
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// One event in the convenient form. Bytes of keys and values that are not UTF-8 show as U+FFFD.
    public func event(at index: Int) -> Event {
        unsafe bytes.withUnsafeReadableBytes { raw in
            let event = unsafe UnsafeEvent(UnsafeRawBufferPointer(rebasing: raw[range(of: index)]))
            var headers: [String: String] = [:]
            let behind = unsafe event.forEachHeader { key, value in
                unsafe headers[String(decoding: key, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
            }
            return unsafe Event(headers: headers, body: ByteBuffer(bytes: event.body(at: behind)))
        }
    }

    /// All events in the convenient form.
    public var events: [Event] { (0..<count).map(event(at:)) }
}

extension EventBatch {
    /// The events of several batches as one: the one batch itself where there is only one, else a copy.
    public static func merging(_ batches: [EventBatch]) -> EventBatch {
        if batches.count == 1 { return batches[0] }
        return copying(batches)
    }

    static func copying(_ batches: [EventBatch]) -> EventBatch {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(batches.reduce(0) { $0 + $1.bytes.readableBytes })
        var starts: [UInt32] = []
        starts.reserveCapacity(batches.reduce(1) { $0 + $1.count })
        for batch in batches {
            let shift = UInt32(bytes.writerIndex) &- batch.origin
            for start in batch.starts.dropLast() { starts.append(start &+ shift) }
            bytes.writeImmutableBuffer(batch.bytes)
        }
        starts.append(UInt32(bytes.writerIndex))
        return EventBatch(bytes: bytes, starts: starts[...])
    }

    /// The events at `indices` (ascending), copied.
    public func selecting(_ indices: some Sequence<Int>) -> EventBatch {
        EventBatch.copying(indices.map { slice($0..<($0 + 1)) })
    }
}
