/// What a cursor tells.
struct CursorContent: Hashable, Sendable {
    var done: SequenceSet
    var durable: UInt64
    var nextSegment: UInt64
}
