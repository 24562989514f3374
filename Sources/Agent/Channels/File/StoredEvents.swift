package import Events
package import Journal

/// The events of a file channel's directories at rest.
package enum StoredEvents {
    /// Calls `body` with each event and its sequence, in order; only those not delivered yet unless `all`.
    ///
    /// - Returns: what the reading showed of damage.
    package static func forEach(
        in journal: JournalAtRest,
        all: Bool,
        _ body: (UInt64, Event) -> Void
    ) throws(JournalError) -> JournalCheck {
        try unsafe journal.check { (frame, bytes) throws(JournalError) in
            let wanted = all ? [0..<frame.count] : frame.pending
            guard !wanted.isEmpty else { return }
            let place = "\(frame.path):\(frame.offset)"
            guard !frame.isEncrypted else {
                throw JournalError(
                    .key,
                    "\(place): the events are encrypted; start an agent with the channel's encryption.keyProvider to read them"
                )
            }
            guard let batch = unsafe EventBatch(stored: bytes, itemCount: frame.count) else {
                throw JournalError(.unusable, "\(place): the payload is sound, but is no events; a file channel's is")
            }
            for index in wanted.joined() { body(frame.first + UInt64(index), batch.event(at: index)) }
        }
    }
}
