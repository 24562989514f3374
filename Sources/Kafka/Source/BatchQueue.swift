internal import DequeModule
internal import Events
internal import NIOCore

/// A source's batches on their way to the channels: offered one behind the other, the next when the channels have admitted
/// the one before; refused ones again after a pause. No I/O, no clock, no lock.
struct BatchQueue {
    struct Parcel: Sendable {
        let number: OffsetLedger.Number
        var batch: EventBatch
        /// Which records the events come from, in order; counts before any interceptor.
        var runs: [Run]
        var isIntercepted = false
        /// How long it rests after the next refusal.
        var pause = BatchQueue.firstPause

        struct Run: Hashable, Sendable {
            let partition: TopicPartition
            var count: Int
        }

        /// Events as they were read.
        var count: Int { runs.reduce(0) { $0 + $1.count } }
    }

    /// One try to put a batch.
    struct Attempt: Sendable {
        let id: UInt64
        var parcel: Parcel
        fileprivate let events: Int
        fileprivate let bytes: Int
    }

    /// After a refusal, doubling.
    static let firstPause = TimeAmount.milliseconds(100)
    static let longestPause = TimeAmount.seconds(1)

    private let maxEvents: Int
    private let maxBytes: Int
    private var waiting: Deque<Attempt> = []
    /// The attempt that the channels have not admitted yet.
    private(set) var offering: UInt64?
    private var isResting = false
    private var isClosed = false
    private var nextID: UInt64 = 0
    /// Of batches that are not acknowledged.
    private(set) var heldEvents = 0
    private(set) var heldBytes = 0

    /// - Parameters:
    ///   - maxEvents: held at most; a larger batch is held alone.
    init(maxEvents: Int, maxBytes: Int) {
        self.maxEvents = maxEvents
        self.maxBytes = maxBytes
    }

    /// Whether a batch of so many events more would be too much.
    func isFull(for events: Int) -> Bool {
        heldEvents > 0 && (heldEvents + events > maxEvents || heldBytes >= maxBytes)
    }

    mutating func add(_ parcel: Parcel) {
        let attempt = Attempt(id: 0, parcel: parcel, events: parcel.count, bytes: parcel.batch.bytes.readableBytes)
        heldEvents += attempt.events
        heldBytes += attempt.bytes
        waiting.append(attempt)
    }

    /// What is to be offered now.
    mutating func next() -> Attempt? {
        guard offering == nil, !isResting, !isClosed, let first = waiting.popFirst() else { return nil }
        let attempt = Attempt(id: nextID, parcel: first.parcel, events: first.events, bytes: first.bytes)
        nextID += 1
        offering = attempt.id
        return attempt
    }

    /// The channels have it; the next may follow. Whether this is news.
    mutating func admitted(_ id: UInt64) -> Bool {
        guard offering == id else { return false }
        offering = nil
        return true
    }

    mutating func acknowledged(_ attempt: Attempt) {
        _ = admitted(attempt.id)
        heldEvents -= attempt.events
        heldBytes -= attempt.bytes
    }

    /// To be offered again, before all others, when `rested` is called; but for the events of partitions that are `gone`.
    ///
    /// - Returns: after how long; `nil` where there is nothing to be offered any more, or somebody waits for that already.
    mutating func refused(_ attempt: Attempt, gone: (TopicPartition) -> Bool = { _ in false }) -> TimeAmount? {
        _ = admitted(attempt.id)
        guard var again = without(gone, attempt) else { return nil }
        let pause = again.parcel.pause
        again.parcel.pause = min(pause + pause, Self.longestPause)
        waiting.prepend(again)
        guard !isClosed, !isResting else { return nil }
        isResting = true
        return pause
    }

    mutating func rested() { isResting = false }

    /// Offers nothing any more.
    mutating func close() { isClosed = true }

    /// Takes out the events of partitions that are gone, as far as they have not been offered or came back.
    mutating func drop(_ isGone: (OffsetLedger.Number, TopicPartition) -> Bool) {
        var kept: Deque<Attempt> = []
        for attempt in waiting {
            let number = attempt.parcel.number
            if let rest = without({ isGone(number, $0) }, attempt) { kept.append(rest) }
        }
        waiting = kept
    }

    private mutating func without(_ isGone: (TopicPartition) -> Bool, _ attempt: Attempt) -> Attempt? {
        heldEvents -= attempt.events
        heldBytes -= attempt.bytes
        guard let parcel = attempt.parcel.without(isGone) else { return nil }
        let rest = Attempt(id: 0, parcel: parcel, events: parcel.count, bytes: parcel.batch.bytes.readableBytes)
        heldEvents += rest.events
        heldBytes += rest.bytes
        return rest
    }
}

extension BatchQueue.Parcel {
    /// `nil` where nothing is left. Where interceptors took events out or put some in, nobody knows any more which are
    /// whose: then all stay, and may come twice.
    fileprivate func without(_ isGone: (TopicPartition) -> Bool) -> BatchQueue.Parcel? {
        let rest = runs.filter { !isGone($0.partition) }
        guard rest.count < runs.count else { return self }
        guard rest.contains(where: { $0.count > 0 }) else { return nil }
        guard batch.count == count else { return self }
        var indices: [Int] = []
        var at = 0
        for run in runs {
            if !isGone(run.partition) { indices += at..<(at + run.count) }
            at += run.count
        }
        var parcel = self
        parcel.batch = batch.selecting(indices)
        parcel.runs = rest
        return parcel
    }
}
