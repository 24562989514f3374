internal import Events
internal import NIOCore

/// The batch that a source is filling, and what it takes to make events of records.
struct OpenBatch {
    private struct Content {
        var builder = EventBatchBuilder()
        var runs: [BatchQueue.Parcel.Run] = []
        /// Behind the last record of each partition, those included that became no event.
        var ends: [TopicPartition: Int64] = [:]
        var lastPlace: PartitionPlaces.Index = -1
        var lastEnd: Int64 = 0
        var start = NIODeadline.uptimeNanoseconds(0)
    }

    private var events: RecordEvents
    private var places = PartitionPlaces()
    private var content = Content()

    init(_ events: RecordEvents) { self.events = events }

    var count: Int { content.builder.count }
    var byteCount: Int { content.builder.byteCount }
    /// When its first record came.
    var start: NIODeadline { content.start }
    /// Whether there is nothing, not even a record that became no event.
    var isEmpty: Bool { content.lastPlace < 0 }

    /// Adds a record. One that is no event counts as read all the same.
    mutating func add(
        _ record: borrowing ConsumedRecord,
        now: @autoclosure () -> NIODeadline
    ) throws(RecordEvents.Refusal) {
        let place = places.index(of: record)
        if isEmpty { content.start = now() }
        if place != content.lastPlace { turn(to: place) }
        content.lastEnd = record.offset + 1
        try events.append(record, from: place, of: places, to: &content.builder)
        content.runs[content.runs.count - 1].count += 1
    }

    private mutating func turn(to place: PartitionPlaces.Index) {
        noteEnd()
        content.lastPlace = place
        content.runs.append(.init(partition: places[place], count: 0))
    }

    private mutating func noteEnd() {
        if let last = content.runs.last { content.ends[last.partition] = content.lastEnd }
    }

    /// The partitions of this consumer are others now; the batch must be empty, for it names them by their places.
    mutating func partitionsChanged() {
        assert(isEmpty)
        places.reset()
        events.forgetPlaces()
    }

    /// Drops what was read.
    mutating func clear() { content = Content() }

    /// The events and where each partition's end; the batch is empty again.
    mutating func finish() -> (batch: EventBatch, runs: [BatchQueue.Parcel.Run], ends: [PartitionOffset]) {
        noteEnd()
        defer { clear() }
        return (
            content.builder.finish(), content.runs,
            content.ends.map { PartitionOffset(partition: $0.key, next: $0.value) }
        )
    }
}
