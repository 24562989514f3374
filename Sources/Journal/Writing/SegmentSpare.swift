/// A released segment's file, to be written over.
struct SegmentSpare: Hashable, Sendable {
    let id: SegmentID
    let directory: Int
    /// Bytes that the file has.
    let size: Int
}
