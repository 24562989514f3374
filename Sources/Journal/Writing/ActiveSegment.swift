/// The segment that is written to. The durable end is where the next group goes: what a failed group left behind it is
/// never built upon.
struct ActiveSegment<File: JournalFile>: Sendable {
    let file: File
    let path: String
    let id: SegmentID
    let directory: Int
    let first: UInt64
    let capacity: Int
    let parameters: [UInt8]
    let cipher: (any JournalSegmentCipher)?
    let seed: UInt32
    /// Sequence of the next item, and the offset of its frame.
    var end: UInt64
    var offset = SegmentHeader.framesStart
    /// Bytes that the file has.
    var filled: Int
    /// Something was written and not synced (`Sync.interval`).
    var isUnsynced = false

    var overhead: Int { cipher?.overhead ?? 0 }

    var info: SegmentInfo {
        SegmentInfo(
            id: id,
            directory: directory,
            first: first,
            end: end,
            endOffset: offset,
            isActive: true,
            parameters: parameters
        )
    }
}
