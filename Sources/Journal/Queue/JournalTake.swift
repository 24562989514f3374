/// Items taken from the queue, to be finished exactly once with `finish(_:_:)` of the queue.
package struct JournalTake<Payload: JournalPayload>: Sendable {
    /// Neighbouring items of one stored record.
    package struct Part: Sendable {
        package let payload: Payload
        /// Which of the payload's items; others of it are done, or in another take.
        package let items: Range<Int>

        init(_ piece: Piece) {
            // The engine holds what `append` brought and what it made of this type itself.
            payload = (piece.payload as! Held<Payload>).payload
            items = piece.items
        }
    }

    private let taken: TakenPieces

    init(_ taken: TakenPieces) {
        self.taken = taken
    }

    package var ticket: UInt64 { taken.ticket }

    /// In the queue's order.
    package var parts: [Part] { taken.pieces.map { Part($0) } }

    /// Items in all parts.
    package var count: Int { taken.pieces.reduce(0) { $0 + $1.items.count } }
}

/// What became of a take.
package enum JournalEnd: Hashable, Sendable {
    case delivered
    case notDelivered
    /// All but the items at these indices (ascending, counted over all parts) are delivered.
    case except([Int])
}
