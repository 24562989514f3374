internal import Agent
internal import DequeModule
internal import Events
internal import NIOCore

/// What a sink holds: which batches, and which of their events Kafka has still to acknowledge. No I/O, no lock.
///
/// Each accepted event is settled exactly once; when the last one of a batch is, the batch's outcome is in `takeOutcomes`.
///
/// A batch has a slot: where it is held, and above that the life in which it was admitted. Lives end with their client
/// (`failAll`); what is said of a slot of an earlier life counts for nothing.
struct DeliveryLedger {
    /// The number that stands for one event in librdkafka: the batch's slot above, its index in the batch below.
    static func opaque(slot: Int, index: Int) -> UInt64 { UInt64(slot) << 32 | UInt64(index) }

    /// The index of the event that `opaque` stands for.
    static func index(_ opaque: UInt64) -> Int { Int(opaque & 0xffff_ffff) }

    /// Bits of a slot that say where it is; of the 32 that it has in `opaque`, eight are left for its life.
    private static let placeBits = 24

    /// A batch whose last event has been settled.
    struct Outcome {
        let number: DeliveryNumber
        let count: Int
        /// Indices of the events that are not in Kafka, ascending.
        let failed: [Int]
        /// Why the first of them to fail did.
        let reason: EventFailure?
        /// Whether some of them may do better later.
        let isRetriable: Bool
        let accepted: NIODeadline
    }

    /// An event that goes to the dead-letter topic instead.
    struct Letter {
        let slot: Int
        let index: Int
        let batch: EventBatch
        let failure: EventFailure
        /// Records that it takes, once that is known.
        var parts = 0
        /// The first of these that is not with librdkafka yet.
        var part = 0
    }

    /// A batch of which the events from `index` on are not with librdkafka yet, for it was full.
    struct Stall {
        let slot: Int
        let batch: EventBatch
        let index: Int
    }

    private struct Slot {
        var number: DeliveryNumber = 0
        var count = 0
        var pending = 0
        var failed: [Int] = []
        var reason: EventFailure?
        var isRetriable = false
        var accepted = NIODeadline.uptimeNanoseconds(0)
        /// Kept only where letters may be written.
        var batch: EventBatch?
    }

    private let limit: Int
    private var life = 0
    private let writesLetters: Bool
    private var letters: Deque<Letter> = []
    private var slots: [Slot] = []
    private var free: [Int] = []
    private var outcomes: [Outcome] = []
    /// Events of the batch that was told `busy` last.
    private var refused: Int?
    /// Events accepted and not settled with their batch.
    private(set) var heldEvents = 0
    private(set) var stall: Stall?
    private(set) var isOpen = false

    /// - Parameter limit: events held at most; a larger batch is held alone.
    ///   - writesLetters: whether events that Kafka will never take become letters.
    init(limit: Int, writesLetters: Bool = false) {
        self.limit = limit
        self.writesLetters = writesLetters
    }

    mutating func open() { isOpen = true }
    mutating func close() {
        isOpen = false
        refused = nil
    }

    /// A place for a batch; `nil`: busy.
    ///
    /// - Parameter batch: for letters.
    mutating func admit(_ number: DeliveryNumber, count: Int, batch: EventBatch? = nil, now: NIODeadline) -> Int? {
        guard hasRoom(for: count) else {
            refused = count
            return nil
        }
        refused = nil
        heldEvents += count
        let place = free.popLast() ?? slots.count
        if place == slots.count { slots.append(Slot()) }
        slots[place].number = number
        slots[place].count = count
        slots[place].pending = count
        slots[place].accepted = now
        if writesLetters { slots[place].batch = batch }
        if count == 0 { finish(place) }
        return life << Self.placeBits | place
    }

    private func hasRoom(for count: Int) -> Bool {
        isOpen && stall == nil && (heldEvents == 0 || heldEvents + count <= limit)
            && (!free.isEmpty || slots.count < 1 << Self.placeBits)
    }

    /// Whether a slot is of this life.
    @inline(__always)
    func isCurrent(_ slot: Int) -> Bool { slot >> Self.placeBits == life }

    @inline(__always)
    private static func place(_ slot: Int) -> Int { slot & (1 << placeBits - 1) }

    /// One event is in Kafka.
    @inline(__always)
    mutating func acknowledge(slot: Int, index: Int) {
        guard isCurrent(slot) else { return }
        settle(Self.place(slot))
    }

    @inline(__always)
    private mutating func settle(_ place: Int) {
        slots[place].pending -= 1
        if slots[place].pending == 0 { finish(place) }
    }

    /// One event is not in Kafka: it becomes a letter where Kafka will never take it.
    mutating func fail(slot: Int, index: Int, _ failure: EventFailure) {
        guard isCurrent(slot) else { return }
        if failure.isHopeless, let batch = slots[Self.place(slot)].batch {
            letters.append(Letter(slot: slot, index: index, batch: batch, failure: failure))
        } else {
            giveUp(slot: slot, index: index, failure)
        }
    }

    /// The next letter to be written.
    mutating func takeLetter() -> Letter? { letters.popFirst() }

    /// librdkafka has no room for the rest of a letter.
    mutating func putBack(_ letter: Letter) { letters.prepend(letter) }

    var hasLetters: Bool { !letters.isEmpty }

    /// A letter takes so many records, of which the event itself stands for one; each is settled for itself.
    mutating func expect(_ records: Int, slot: Int) {
        if isCurrent(slot) { slots[Self.place(slot)].pending += records - 1 }
    }

    /// One event is not in Kafka, nor is its letter.
    mutating func giveUp(slot: Int, index: Int, _ failure: EventFailure) {
        guard isCurrent(slot) else { return }
        let place = Self.place(slot)
        slots[place].failed.append(index)
        if slots[place].reason == nil { slots[place].reason = failure }
        if failure.isRetriable { slots[place].isRetriable = true }
        settle(place)
    }

    private mutating func finish(_ place: Int) {
        let held = slots[place]
        outcomes.append(
            Outcome(
                number: held.number,
                count: held.count,
                // A letter of several records may fail more than once.
                failed: writesLetters ? Set(held.failed).sorted() : held.failed.sorted(),
                reason: held.reason,
                isRetriable: held.isRetriable,
                accepted: held.accepted
            )
        )
        heldEvents -= held.count
        slots[place] = Slot()
        free.append(place)
    }

    /// librdkafka is full: the events from `index` on wait, and nothing new is accepted.
    mutating func stall(slot: Int, batch: EventBatch, from index: Int) {
        guard isCurrent(slot) else { return }
        stall = Stall(slot: slot, batch: batch, index: index)
    }

    /// The waiting events are all with librdkafka.
    mutating func unstall() { stall = nil }

    /// Gives up the waiting events.
    mutating func failStalled(_ failure: EventFailure) {
        guard let stall else { return }
        self.stall = nil
        for index in stall.index..<stall.batch.count { giveUp(slot: stall.slot, index: index, failure) }
    }

    /// Gives up everything that is not settled: the client is gone, and what comes of it yet does not count.
    mutating func failAll(_ failure: EventFailure) {
        letters.removeAll()
        failStalled(failure)
        for place in slots.indices where slots[place].pending > 0 {
            // Which of a batch's events are still open is not known one by one: all that did not fail count as failed.
            let known = Set(slots[place].failed)
            slots[place].failed = Array(0..<slots[place].count)
            if slots[place].reason == nil { slots[place].reason = failure }
            slots[place].isRetriable = slots[place].isRetriable || known.count < slots[place].count
            slots[place].pending = 0
            finish(place)
        }
        life = (life + 1) & 0xff
    }

    /// Batches that are settled and not reported.
    var settledCount: Int { outcomes.count }

    /// Why the first event that is not in Kafka is not, among the settled batches.
    var firstFailure: EventFailure? { outcomes.lazy.compactMap(\.reason).first }

    /// A batch for which there is no room now.
    mutating func refuse(_ count: Int) { refused = count }

    /// What is settled counts for nothing: its transaction was not committed.
    mutating func giveBackSettled(_ failure: EventFailure) {
        outcomes = outcomes.map { outcome in
            Outcome(
                number: outcome.number,
                count: outcome.count,
                failed: Array(0..<outcome.count),
                reason: outcome.reason ?? failure,
                // Those beside an event that Kafka never takes may do better without it.
                isRetriable: outcome.reason == nil || outcome.isRetriable || outcome.failed.count < outcome.count,
                accepted: outcome.accepted
            )
        }
    }

    mutating func takeOutcomes() -> [Outcome] {
        if outcomes.isEmpty { return [] }
        defer { outcomes.removeAll(keepingCapacity: true) }
        return outcomes
    }

    /// Whether a sink that was busy has room again; `true` once.
    mutating func takeReady() -> Bool {
        guard let count = refused, hasRoom(for: count) else { return false }
        refused = nil
        return true
    }
}
