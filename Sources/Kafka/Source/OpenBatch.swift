internal import Events
internal import NIOCore

/// The batch that a source is filling.
struct OpenBatch {
    private var builder = EventBatchBuilder()
    private var runs: [BatchQueue.Parcel.Run] = []
    /// Behind the last record of each partition, those included that became no event.
    private var ends: [TopicPartition: Int64] = [:]
    private var lastPlace: PartitionPlaces.Index = -1
    private var lastEnd: Int64 = 0
    /// When its first record came.
    private(set) var start = NIODeadline.uptimeNanoseconds(0)

    var count: Int { builder.count }
    var byteCount: Int { builder.byteCount }
    /// Whether there is nothing, not even a record that became no event.
    var isEmpty: Bool { lastPlace < 0 }

    /// Adds a record, by `append` where it becomes an event.
    ///
    /// - Parameter append: whether an event was added.
    @inline(__always)
    mutating func add(
        _ place: PartitionPlaces.Index,
        of places: PartitionPlaces,
        offset: Int64,
        now: @autoclosure () -> NIODeadline,
        _ append: (inout EventBatchBuilder) -> Bool
    ) {
        if isEmpty { start = now() }
        if place != lastPlace { turn(to: place, of: places) }
        lastEnd = offset + 1
        if append(&builder) { runs[runs.count - 1].count += 1 }
    }

    private mutating func turn(to place: PartitionPlaces.Index, of places: PartitionPlaces) {
        noteEnd()
        lastPlace = place
        runs.append(.init(partition: places[place], count: 0))
    }

    private mutating func noteEnd() {
        if let last = runs.last { ends[last.partition] = lastEnd }
    }

    /// The events and where each partition's end; the batch is empty again.
    mutating func finish() -> (batch: EventBatch, runs: [BatchQueue.Parcel.Run], ends: [PartitionOffset]) {
        noteEnd()
        defer { self = OpenBatch() }
        return (builder.finish(), runs, ends.map { PartitionOffset(partition: $0.key, next: $0.value) })
    }
}
