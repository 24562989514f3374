/// A segment as the queue knows it: all that is kept in memory of what is on disk.
struct SegmentInfo: Hashable, Sendable {
    let id: SegmentID
    /// Index of its data directory.
    let directory: Int
    /// Sequences of the first item and of the one behind the last stored one.
    let first: UInt64
    var end: UInt64
    /// Where the stored frames end.
    var endOffset: Int
    /// More is written to it.
    var isActive: Bool
    /// The cipher's parameters, as in the header.
    var parameters: [UInt8] = []
    /// Parts could not be read: the file is kept aside, not written over.
    var isDamaged = false
}
