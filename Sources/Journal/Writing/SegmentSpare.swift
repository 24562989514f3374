/// A released segment's file, to be written over.
struct SegmentSpare: Hashable, Sendable {
    let id: SegmentID
    let directory: Int
    /// Bytes that the file has.
    let size: Int
}

/// Where the writer gets them: the owner's list, under its lock.
protocol SpareSource {
    func has(_ directory: Int) -> Bool
    func take(_ directory: Int) -> SegmentSpare?
}
