internal import AvroRPC
package import Journal

extension JournalOptions {
    /// For a queue whose appends come from event loops, and whose answers go there: each wakes the other once for all that it has
    /// at hand (`LoopHandover`).
    package mutating func workWithEventLoops() {
        answering = { LoopHandover.gather($0, then: $1) }
        announcing = { news in LoopHandover.afterTurn(news) { $0.raise() } }
    }
}
