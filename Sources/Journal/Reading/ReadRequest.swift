/// A piece of one segment to be read.
struct ReadRequest: Hashable, Sendable {
    var segment: SegmentInfo
    /// Where the next frame stands, and the sequence that is next there.
    var offset: Int
    var expected: UInt64
    /// Everything below is done: such frames are passed over unread.
    var done: UInt64
    /// About how many bytes.
    var bytes: Int
}

/// What was found there.
struct ReadResult: Sendable {
    enum Item: Sendable {
        case record(first: UInt64, any HeldPayload)
        /// Items that are not to be had: `span` is where they were, empty where nothing is known of it.
        case gap(Range<UInt64>, span: Range<Int>, reason: String)
    }

    var items: [Item] = []
    var segment: SegmentID
    /// Where the next frame stands, and up to which sequence all is told.
    var offset: Int
    var end: UInt64
    /// Parts of the file could not be read.
    var isDamaged = false
}
