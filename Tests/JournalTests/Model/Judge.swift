import Journal
import TestSupport

/// Knows what a queue promised, and what it did.
struct Judge {
    /// Items of each batch offered.
    var offered: [UInt64: Int] = [:]
    /// Batches whose append succeeded, and those that were refused.
    var stored: Set<UInt64> = []
    var refused: Set<UInt64> = []
    /// Items told to be delivered; of them those of which the cursor was written, and synced.
    var finished: Set<UInt64> = []
    var written: Set<UInt64> = []
    /// What this life's queue must know to be done: told to it, or in the cursor that it began with.
    var known: Set<UInt64> = []
    var synced: Set<UInt64> = []
    /// Items that are out now, in this life.
    var out: Set<UInt64> = []
    var complaints: [String] = []
    /// `Sync.interval`: of the batches stored, those that were synced too; `nil` where storing is syncing.
    var firm: Set<UInt64>?
    /// A disk that failed may have kept what it said it did not.
    var mayKeepRefused = false

    mutating func complain(_ text: String) {
        if complaints.count < 8 { complaints.append(text) }
    }

    mutating func took(_ ids: [UInt64?]) -> [UInt64] {
        var sound: [UInt64] = []
        for id in ids {
            guard let id else {
                complain("a damaged item was delivered")
                continue
            }
            if (offered[id >> 16] ?? 0) <= Int(id & 0xFFFF) { complain("item \(text(id)) was never offered") }
            if !out.insert(id).inserted { complain("item \(text(id)) is out twice") }
            if refused.contains(id >> 16), !mayKeepRefused { complain("item \(text(id)) was refused") }
            sound.append(id)
        }
        return sound
    }

    func text(_ id: UInt64) -> String { "\(id >> 16).\(id & 0xFFFF)" }

    /// The process is gone, and perhaps the power was. What the disk did not know may come again, or not.
    mutating func died(power: Bool) {
        out = []
        if power {
            written = synced
            // What was not synced may be there or not, as if it had not been answered.
            if let firm { stored = firm }
        }
        known = written
    }

    /// All that a queue gives after a start, in order.
    mutating func checkDrained(_ drained: [UInt64]) {
        let seen = Set(drained)
        if seen.count != drained.count { complain("an item came twice in one life") }
        for id in drained where known.contains(id) { complain("item \(text(id)) came again though the cursor had it") }
        if drained != drained.sorted() { complain("out of order") }
        for (batch, count) in offered {
            let ids = (0..<count).map { batch << 16 | UInt64($0) }
            let missing = ids.filter { !seen.contains($0) && !finished.contains($0) }
            if stored.contains(batch) {
                for id in missing { complain("stored item \(text(id)) is lost") }
            } else if !missing.isEmpty, ids.contains(where: seen.contains) {
                complain("batch \(batch) is there in part")
            }
        }
    }
}
