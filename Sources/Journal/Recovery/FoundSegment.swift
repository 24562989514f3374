/// A segment file at start: its name, and what its first two blocks say where they are sound.
struct FoundSegment<File: JournalFile>: Sendable {
    let id: SegmentID
    let directory: Int
    let path: String
    let file: File
    let size: Int
    let header: SegmentHeader?
    let seal: SegmentSeal?

    var first: UInt64? { header?.first ?? seal?.first }
    var queue: UInt64? { header?.queue ?? seal?.queue }
}
