/// Which data directory gets the next segment: in turn, leaving out those that failed and, for a while, those that are
/// full. No I/O, no clock.
struct DirectoryChoice: Hashable, Sendable {
    private struct Standing: Hashable {
        /// Failures since the last group that was stored here.
        var strikes = 0
        var fullUntil: UInt64?
        var isFailed: Bool { strikes >= DirectoryChoice.strikesOut }
    }

    /// One failure may be one file's; the second in a row is the directory's.
    static let strikesOut = 2

    private var standings: [Standing]
    private var last: Int

    init(count: Int, last: Int) {
        standings = Array(repeating: Standing(), count: count)
        self.last = last
    }

    /// The directories to try, best first: those behind the last one used, ones without a strike before others. A full
    /// one is tried where it has a spare segment, which needs no room.
    func candidates(now: UInt64, hasSpare: (Int) -> Bool = { _ in false }) -> [Int] {
        let turn = (1...standings.count).map { (last + $0) % standings.count }
        let usable = turn.filter {
            !standings[$0].isFailed && ((standings[$0].fullUntil ?? 0) <= now || hasSpare($0))
        }
        return usable.filter { standings[$0].strikes == 0 } + usable.filter { standings[$0].strikes > 0 }
    }

    /// Whether every directory has failed.
    var isHopeless: Bool { standings.allSatisfy(\.isFailed) }
    var count: Int { standings.count }
    var full: [Int] { standings.indices.filter { !standings[$0].isFailed && standings[$0].fullUntil != nil } }

    mutating func used(_ directory: Int) { last = directory }

    /// A group was stored here. Returns whether the directory had been full until now.
    mutating func stored(_ directory: Int) -> Bool {
        let wasFull = standings[directory].fullUntil != nil
        standings[directory] = Standing()
        return wasFull
    }

    /// There was no room here. Returns whether that is news.
    mutating func isFull(_ directory: Int, until: UInt64) -> Bool {
        defer { standings[directory].fullUntil = until }
        return standings[directory].fullUntil == nil
    }

    /// A write or a sync failed here. Returns whether the directory is given up by that.
    mutating func strike(_ directory: Int) -> Bool {
        standings[directory].strikes += 1
        return standings[directory].strikes == Self.strikesOut
    }
}
