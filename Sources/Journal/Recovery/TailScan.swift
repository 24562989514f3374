/// What the frames of a segment without a seal say, told one by one: where it ends, and what is missing in it.
///
/// No I/O. A crash leaves of the last, unsynced group any sectors it likes, so holes may be anywhere in it; what had
/// been synced before is whole unless the disk damaged it. `synced` tells one from the other.
struct TailScan: Hashable, Sendable {
    /// A record whose frames are being met.
    private struct Record: Hashable {
        var first: UInt64
        var offset: Int
        var isBroken: Bool
    }

    /// Where a frame stands.
    private struct Place: Hashable {
        var first: UInt64
        var offset: Int
    }

    /// Items with their place in the file.
    struct Span: Hashable, Sendable {
        var sequences: Range<UInt64>
        var bytes: Range<Int>
    }

    /// Sequence behind the last sound frame, and the offset behind it.
    private(set) var end: UInt64
    private(set) var endOffset: Int
    /// Items without a sound frame, with a sound frame somewhere behind them.
    private(set) var holes: [Span] = []
    /// Records of which frames are missing: some of their items are holes.
    private(set) var broken: [Range<UInt64>] = []
    /// Everything below was on stable storage.
    private(set) var synced: UInt64
    /// Sequence of the first sound frame.
    private(set) var firstFrame: UInt64?
    private var record: Record?
    private var damage = 0..<0
    /// Sound frames that no later one says were synced.
    private var unsynced: [Place] = []

    init(first: UInt64, synced: UInt64) {
        end = first
        endOffset = SegmentHeader.framesStart
        self.synced = synced
    }

    /// Where the first frame stands of which nobody knows that it was synced.
    var unsyncedStart: Int? { unsynced.first?.offset }

    mutating func damage(_ bytes: Range<Int>) {
        damage = damage.isEmpty ? bytes : damage.lowerBound..<bytes.upperBound
    }

    mutating func frame(_ header: FrameHeader, offset: Int, isSound: Bool) {
        if header.synced > synced {
            synced = header.synced
            unsynced.removeAll { $0.first < synced }
        }
        guard isSound else { return damage(offset..<(offset + header.extent)) }
        if firstFrame == nil { firstFrame = header.first }
        if header.first > end {
            holes.append(Span(sequences: end..<header.first, bytes: damage))
            record?.isBroken = true
        }
        damage = 0..<0
        if header.begins || record == nil {
            if let record { broken.append(record.first..<header.first) }
            record = Record(first: header.first, offset: offset, isBroken: !header.begins)
        }
        if header.first >= synced { unsynced.append(Place(first: header.first, offset: offset)) }
        end = header.end
        endOffset = offset + header.extent
        if header.ends {
            if let record, record.isBroken { broken.append(record.first..<end) }
            record = nil
        }
    }

    /// The segment has no more frames. What stands behind the end is a tail that nobody was told of.
    ///
    /// - Returns: what counts as done from now on, and the part of it that had been stored and is lost.
    mutating func finish() -> (void: [Range<UInt64>], lost: [Span]) {
        if let record {
            // Its last frame is not there: it goes as a whole, unless it had been synced.
            if record.first >= synced {
                end = record.first
                endOffset = record.offset
                holes.removeAll { $0.sequences.lowerBound >= end }
            } else {
                broken.append(record.first..<end)
            }
        }
        var void: [Range<UInt64>] = []
        var lost: [Span] = []
        for hole in holes {
            let (below, above) = split(hole.sequences)
            if !below.isEmpty { lost.append(Span(sequences: below, bytes: hole.bytes)) }
            if !above.isEmpty { void.append(above) }
        }
        for range in broken {
            let above = split(range).above
            if !above.isEmpty { void.append(above) }
        }
        if synced > end { lost.append(Span(sequences: end..<synced, bytes: damage)) }
        return (void, lost)
    }

    private func split(_ range: Range<UInt64>) -> (below: Range<UInt64>, above: Range<UInt64>) {
        let at = min(max(synced, range.lowerBound), range.upperBound)
        return (range.lowerBound..<at, at..<range.upperBound)
    }
}
