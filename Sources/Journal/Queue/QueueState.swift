internal import DequeModule

/// Everything that a queue's threads share: what waits, what is ready, what is out, what is done. No I/O, no clock; every
/// method is called under one lock.
struct QueueState: Sendable {
    /// Somebody who wants at least so many items.
    struct Waiter: Sendable {
        var waker: JournalWaker
        var minimum: Int
    }

    let windowLimit: Int
    let inFlightLimit: UInt64

    // Appends.
    private var waiting = Deque<WaitingRecord>()
    private(set) var waitingBytes = 0
    private(set) var isClosed = false
    /// Why nothing is stored any more.
    var failure: JournalError?
    /// Why nothing can be stored just now, or why the backlog or the cursor is stuck.
    var fullTrouble: String?
    var readTrouble: String?
    var cursorTrouble: String?

    // Order: done < ... < next to read < ... < durable.
    private(set) var done: SequenceSet
    /// Everything below is in memory or done; from here on it is read from disk.
    private(set) var readEnd: UInt64
    private(set) var durable: UInt64
    /// Where reading goes on, with the sequence that is next there: at or below `readEnd`. `nil`: where the segment begins.
    private var reading: (segment: SegmentID, offset: Int, expected: UInt64)?
    /// The keeper looks at `done` again by itself, or was told to.
    private var isCursorAwaited = false
    private(set) var segments: [SegmentInfo]
    var spares: [SegmentSpare]
    var nextSegment: UInt64

    // Takes.
    private var window = Deque<Piece>()
    private var windowItems = 0
    private(set) var windowBytes = 0
    /// Given back, in order of sequence; they go before the window.
    private var returned: [Piece] = []
    private var returnedItems = 0
    private var out: [UInt64: [Piece]] = [:]
    private var nextTicket: UInt64 = 0
    /// Sequence behind the last item ever taken.
    private var takenEnd: UInt64
    private var waiters: [Waiter] = []
    var counters = JournalCounters()

    init(options: JournalOptions, recovered: RecoveredQueue) {
        windowLimit = options.windowLimit
        inFlightLimit = options.inFlightLimit
        done = recovered.done
        durable = recovered.end
        readEnd = recovered.done.floor
        takenEnd = recovered.done.floor
        segments = recovered.segments
        spares = recovered.spares
        nextSegment = recovered.nextSegment
        counters.lostItems = recovered.report.lostItems
    }

    /// Items stored and not done.
    var pending: UInt64 { durable - done.floor - done.countAbove }

    // MARK: Appending

    mutating func append(_ record: WaitingRecord, limit: Int) -> JournalError? {
        if isClosed { return JournalError(.closed, "the queue is closed") }
        if let failure { return failure }
        if waitingBytes > 0, waitingBytes + record.extent > limit {
            return JournalError(.busy, "\(waitingBytes) bytes wait for the disk already; try again later")
        }
        waiting.append(record)
        waitingBytes += record.extent
        return nil
    }

    /// The records that the next group is made of.
    mutating func takeGroup(limit: Int) -> [WaitingRecord] {
        var group: [WaitingRecord] = []
        var bytes = 0
        while let record = waiting.first, group.isEmpty || bytes + record.extent <= limit {
            bytes += record.extent
            group.append(record)
            _ = waiting.popFirst()
        }
        return group
    }

    var hasWaiting: Bool { !waiting.isEmpty }

    /// Records are stored: they are seen by takes from now on. Returns whom to wake.
    mutating func stored<Place>(
        _ records: ArraySlice<WaitingRecord>,
        at places: [Place],
        segment: SegmentInfo,
        read place: (Place) -> (first: UInt64, offset: Int)
    ) -> [JournalWaker] {
        // Sequences that no record has (the tail of a damaged segment) lie below the first of a new segment.
        for (record, at) in zip(records, places) {
            let (first, offset) = place(at)
            waitingBytes -= record.extent
            let piece = Piece(payload: record.payload, first: first, items: 0..<record.itemCount)
            let bytes = record.byteCount
            counters.storedItems += UInt64(record.itemCount)
            counters.storedBytes += UInt64(bytes)
            if readEnd == first, windowBytes == 0 || windowBytes + bytes <= windowLimit {
                push(piece, bytes)
                readEnd = piece.sequences.upperBound
                reading = nil
            } else if readEnd == first {
                reading = (segment.id, offset, first)
            }
            durable = piece.sequences.upperBound
        }
        update(segment)
        return due()
    }

    /// Records are not stored.
    mutating func dropped(_ records: ArraySlice<WaitingRecord>) {
        for record in records { waitingBytes -= record.extent }
    }

    // MARK: Segments

    mutating func update(_ segment: SegmentInfo) {
        if let index = segments.lastIndex(where: { $0.id == segment.id }) {
            segments[index].end = segment.end
            segments[index].endOffset = segment.endOffset
            segments[index].isActive = segment.isActive
        } else {
            segments.append(segment)
        }
        nextSegment = max(nextSegment, segment.id.number + 1)
    }

    mutating func markDamaged(_ id: SegmentID) {
        guard let index = segments.firstIndex(where: { $0.id == id }) else { return }
        segments[index].isDamaged = true
    }

    /// Takes out the first segment when everything in it is done, in a cursor that is on stable storage.
    mutating func releasable(syncedFloor: UInt64) -> SegmentInfo? {
        guard let first = segments.first, !first.isActive, first.end <= syncedFloor else { return nil }
        return segments.removeFirst()
    }

    mutating func takeSpare(in directory: Int) -> SegmentSpare? {
        // The largest needs least room on a full disk.
        let here = spares.indices.filter { spares[$0].directory == directory }
        guard let index = here.max(by: { spares[$0].size < spares[$1].size }) else { return nil }
        return spares.remove(at: index)
    }

    // MARK: Reading back

    /// What to read next; `nil` where memory holds enough or disk has nothing more.
    func readRequest() -> ReadRequest? {
        guard readEnd < durable, windowBytes < (windowLimit + 1) / 2 else { return nil }
        guard let segment = segmentHolding(readEnd) else { return nil }
        let begun = reading.flatMap { $0.segment == segment.id ? $0 : nil }
        return ReadRequest(
            segment: segment,
            offset: begun?.offset ?? SegmentHeader.framesStart,
            expected: begun?.expected ?? segment.first,
            done: done.floor,
            bytes: min(max(1, windowLimit - windowBytes), 4 << 20)
        )
    }

    /// The first segment that ends behind a sequence.
    private func segmentHolding(_ sequence: UInt64) -> SegmentInfo? {
        var (low, high) = (0, segments.count)
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].end > sequence { high = middle } else { low = middle + 1 }
        }
        return low < segments.count ? segments[low] : nil
    }

    /// Takes in what was read. Returns what is lost, with the places, and whom to wake.
    mutating func read(
        _ result: ReadResult
    ) -> (losses: [Loss], wake: [JournalWaker]) {
        var losses: [Loss] = []
        for item in result.items {
            switch item {
            case .record(let first, let payload):
                let whole = Piece(payload: payload, first: first, items: 0..<payload.itemCount)
                for sequences in done.missing(in: max(first, readEnd)..<max(whole.sequences.upperBound, readEnd)) {
                    let piece = whole.part(sequences)
                    push(piece, piece.byteCount)
                    counters.readItems += UInt64(piece.items.count)
                }
            case .gap(let range, let span, let reason):
                let range = max(range.lowerBound, readEnd)..<max(range.upperBound, readEnd)
                let items = done.insert(range)
                counters.lostItems += items
                if items > 0 { losses.append(Loss(items: items, sequences: range, span: span, reason: reason)) }
            }
        }
        if let segment = segments.first(where: { $0.id == result.segment }) {
            // Between two segments nothing was stored that is not accounted for.
            readEnd = max(readEnd, result.end)
            reading = (segment.id, result.offset, result.end)
            if result.isDamaged { markDamaged(segment.id) }
        }
        return (losses, due())
    }

    private mutating func push(_ piece: Piece, _ bytes: Int) {
        window.append(piece)
        windowItems += piece.items.count
        windowBytes += bytes
    }

    // MARK: Taking

    /// Takes items in order, those that were given back before new ones.
    mutating func take(
        upTo limit: Int,
        bytes byteLimit: Int,
        atLeast minimum: Int,
        waking waker: JournalWaker?
    ) -> TakenPieces? {
        let minimum = max(minimum, 1)
        if isClosed { return nil }
        guard limit > 0, isReady(minimum) else {
            if let waker {
                waiters.removeAll { $0.waker === waker }
                waiters.append(Waiter(waker: waker, minimum: minimum))
            }
            return nil
        }
        var pieces: [Piece] = []
        var (room, byteRoom) = (limit, byteLimit)
        while room > 0, var piece = nextPiece() {
            let fits = min(room, piece.count(within: byteRoom))
            var rest: Piece?
            if fits < piece.items.count {
                let front = piece.split(fits)
                rest = piece
                piece = front
            }
            let bytes = piece.byteCount
            if !pieces.isEmpty, bytes > byteRoom {
                putBack(rest.map { joined(piece, $0) } ?? piece)
                break
            }
            takenEnd = max(takenEnd, piece.sequences.upperBound)
            room -= fits
            byteRoom -= bytes
            pieces.append(piece)
            if let rest {
                putBack(rest)
                break
            }
        }
        guard !pieces.isEmpty else { return nil }
        let ticket = nextTicket
        nextTicket += 1
        out[ticket] = pieces
        return TakenPieces(ticket: ticket, pieces: pieces)
    }

    private func joined(_ front: Piece, _ rest: Piece) -> Piece {
        var whole = front
        whole.items = front.items.lowerBound..<rest.items.upperBound
        return whole
    }

    /// Whether a taker who wants `minimum` gets something: that many are there, or as many as memory holds.
    private func isReady(_ minimum: Int) -> Bool {
        if returnedItems >= minimum { return true }
        if windowItems + returnedItems == 0 { return false }
        if isHeldUp { return returnedItems > 0 }
        return windowItems + returnedItems >= minimum || windowBytes >= (windowLimit + 1) / 2
    }

    /// So much is out that the first of it must come back before anything new is taken.
    private var isHeldUp: Bool { takenEnd - min(done.floor, takenEnd) >= inFlightLimit }

    private mutating func nextPiece() -> Piece? {
        if !returned.isEmpty {
            let piece = returned.removeFirst()
            returnedItems -= piece.items.count
            return piece
        }
        guard !isHeldUp, let piece = window.popFirst() else { return nil }
        windowItems -= piece.items.count
        windowBytes -= piece.byteCount
        return piece
    }

    /// Puts back what was just taken out and is not wanted now.
    private mutating func putBack(_ piece: Piece) {
        if piece.sequences.lowerBound < takenEnd {
            giveBack(piece)
        } else {
            window.prepend(piece)
            windowItems += piece.items.count
            windowBytes += piece.byteCount
        }
    }

    private mutating func giveBack(_ piece: Piece) {
        var (low, high) = (0, returned.count)
        while low < high {
            let middle = (low + high) / 2
            if returned[middle].first < piece.first
                || (returned[middle].first == piece.first
                    && returned[middle].items.lowerBound < piece.items.lowerBound)
            {
                low = middle + 1
            } else {
                high = middle
            }
        }
        returned.insert(piece, at: low)
        returnedItems += piece.items.count
    }

    /// What became of a take. Returns how many items are done by that, and whom to wake.
    mutating func finish(_ ticket: UInt64, _ end: JournalEnd) -> (done: Int, wake: [JournalWaker]) {
        guard let pieces = out.removeValue(forKey: ticket) else { return (0, []) }
        var finished = 0
        switch end {
        case .delivered:
            for piece in pieces { finished += Int(done.insert(piece.sequences)) }
        case .notDelivered:
            for piece in pieces { back(piece) }
        case .except(let failed):
            finished = finish(pieces, failed: failed)
        }
        return (finished, due())
    }

    /// Whether the keeper must be told that `done` has changed.
    mutating func isCursorNews() -> Bool {
        defer { isCursorAwaited = true }
        return !isCursorAwaited
    }

    /// The keeper looks at `done` now.
    mutating func cursorIsRead() { isCursorAwaited = false }

    /// The keeper looks again by itself.
    mutating func cursorFollows() { isCursorAwaited = true }

    private mutating func back(_ piece: Piece) {
        counters.returnedItems += UInt64(piece.items.count)
        giveBack(piece)
    }

    private mutating func finish(_ pieces: [Piece], failed: [Int]) -> Int {
        var finished = 0
        var base = 0
        var next = failed.startIndex
        for var piece in pieces {
            let behind = base + piece.items.count
            while !piece.items.isEmpty {
                // A run of delivered ones up to the next that failed, then the run of those.
                let stop = next < failed.endIndex ? min(max(failed[next], base), behind) : behind
                if stop > base {
                    finished += Int(done.insert(piece.split(stop - base).sequences))
                    base = stop
                }
                var run = 0
                while next < failed.endIndex, failed[next] <= base + run, base + run < behind {
                    if failed[next] == base + run { run += 1 }
                    next += 1
                }
                if run > 0 {
                    back(piece.split(run))
                    base += run
                }
            }
        }
        return finished
    }

    /// Waiters whose number is reached; they are forgotten.
    private mutating func due() -> [JournalWaker] {
        guard !waiters.isEmpty else { return [] }
        var due: [JournalWaker] = []
        var left: [Waiter] = []
        for waiter in waiters {
            if isReady(waiter.minimum) { due.append(waiter.waker) } else { left.append(waiter) }
        }
        waiters = left
        return due
    }

    /// Ends it: nothing is taken or appended any more.
    mutating func close() {
        isClosed = true
        waiters = []
    }
}
