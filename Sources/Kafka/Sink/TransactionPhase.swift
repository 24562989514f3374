/// Where a sink with `kafka.producer.transactional.id` stands. No I/O.
///
/// One group of deliveries is in one transaction: it grows until the first of its deliveries is settled; then nothing is
/// accepted until all are, the transaction is committed or aborted, and all are finished together.
enum TransactionPhase: Equatable {
    /// The sink uses no transactions.
    case none
    /// The id is not claimed yet, or the client is a new one.
    case preparing
    /// Deliveries are accepted.
    case open
    /// The group is complete; nothing is accepted until it has ended.
    case ending

    /// Whether a delivery may be accepted now.
    var accepts: Bool { self == .none || self == .open }

    enum Step: Equatable {
        case none
        case prepare
        /// Accept no more, and wait for what is open.
        case complete
        /// Commit, or abort where something failed, and finish the group.
        case end
    }

    /// What is to be done next.
    ///
    /// - Parameters:
    ///   - settled: deliveries of the group that are settled.
    ///   - held: events of the group that are not.
    func step(settled: Int, held: Int) -> Step {
        switch self {
        case .none: .none
        case .preparing: .prepare
        case .open: settled == 0 ? .none : held == 0 ? .end : .complete
        case .ending: held == 0 ? .end : .none
        }
    }
}
