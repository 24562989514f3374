/// What a start found on disk.
struct RecoveredQueue: Sendable {
    /// The queue's own number; a new one where nothing was found.
    var queue: UInt64
    /// The cursor's generation that was found, 0 for none.
    var generation: UInt64
    var done: SequenceSet
    /// Sequence of the next item.
    var end: UInt64
    var nextSegment: UInt64
    var segments: [SegmentInfo]
    var spares: [SegmentSpare]
    var report: JournalReport
    /// Which cursor file was believed.
    var cursorSlot: Int?
    /// Segments to be sealed once the cursor knows what is void in them.
    var unsealed: [SegmentID] = []
    /// What had been stored and is gone.
    var losses: [JournalDamage] = []
    /// What the disk may not have; to be made safe before anything rests on it.
    var tails: [UnsyncedTail] = []
}

/// What a start tells its operator.
package struct JournalReport: Hashable, Sendable {
    /// Items that are there to be delivered.
    package var pendingItems: UInt64 = 0
    /// Items that had been stored and are gone.
    package var lostItems: UInt64 = 0
    /// Segments found, and of them read through.
    package var segments = 0
    package var scannedSegments = 0
    /// Bytes of an unfinished group that were cut off.
    package var tailBytes = 0
    /// Neither cursor was sound: everything held is delivered anew.
    package var hadNoCursor = false
}
