package import Events
package import Journal

/// The events of a file channel's directories at rest.
package enum StoredEvents {
    /// Calls `body` with each event, a batch of one, and its sequence, in order; only those not delivered yet unless `all`.
    ///
    /// - Parameter keys: what opens encrypted events.
    /// - Returns: what the reading showed of damage.
    /// - Throws: `key` where an event is encrypted and its key is not to be had; what `body` throws.
    package static func forEach(
        in journal: JournalAtRest,
        all: Bool,
        keys: StoredKeys?,
        _ body: (UInt64, EventBatch) throws(JournalError) -> Void
    ) throws(JournalError) -> JournalCheck {
        try unsafe journal.check { (frame, bytes) throws(JournalError) in
            let wanted = all ? [0..<frame.count] : frame.pending
            guard !wanted.isEmpty else { return }
            let place = "\(frame.path):\(frame.offset)"
            var plain = UnsafeRawBufferPointer(bytes)
            if frame.isEncrypted {
                guard let keys else {
                    throw JournalError(
                        .key,
                        "\(place): the events are encrypted; -f FILE -n AGENT names the agent whose "
                            + "encryption.keyProvider has the keys"
                    )
                }
                unsafe plain = try unsafe journal.open(bytes, of: frame, with: keys.cipher)
            }
            guard let batch = unsafe EventBatch(stored: plain, itemCount: frame.count) else {
                throw JournalError(.unusable, "\(place): the payload is sound, but is no events; a file channel's is")
            }
            for index in wanted.joined() {
                try body(frame.first + UInt64(index), batch.slice(index..<(index + 1)))
            }
        }
    }
}
