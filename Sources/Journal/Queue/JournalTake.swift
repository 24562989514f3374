/// Items taken from the queue, to be finished exactly once with `finish(_:_:)` of the queue.
package struct JournalTake<Payload: JournalPayload>: Sendable {
    /// Neighbouring items of one stored record.
    package struct Part: Sendable {
        package let payload: Payload
        /// Which of the payload's items; others of it are done, or in another take.
        package let items: Range<Int>
    }

    package let ticket: UInt64
    /// In the queue's order.
    package let parts: [Part]

    /// Items in all parts.
    package var count: Int { parts.reduce(0) { $0 + $1.items.count } }
}

/// What became of a take.
package enum JournalEnd: Hashable, Sendable {
    case delivered
    case notDelivered
    /// All but the items at these indices (ascending, counted over all parts) are delivered.
    case except([Int])
}
