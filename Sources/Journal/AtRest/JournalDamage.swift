/// A place in a queue's files that is not as it was written.
package struct JournalDamage: Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// Stored items that are not delivered yet are gone.
        case items
        /// A header, a seal or a cursor: no item is lost by it.
        case structure
        /// Items that were delivered, or that nobody was told are stored: what a crash leaves looks like this.
        case done
    }

    package let kind: Kind
    /// The file; the checkpoint directory where no file holds what is missing.
    package let path: String
    /// Bytes of the file; empty where nothing is known of the place.
    package let bytes: Range<Int>
    /// Items that are lost by it.
    package let items: UInt64
    package let reason: String
    /// Sequences of what is not to be had.
    let sequences: Range<UInt64>

    init(
        _ kind: Kind,
        _ path: String,
        _ bytes: Range<Int> = 0..<0,
        _ reason: String,
        items: UInt64 = 0,
        sequences: Range<UInt64> = 0..<0
    ) {
        self.kind = kind
        self.path = path
        self.bytes = bytes
        self.reason = reason
        self.items = items
        self.sequences = sequences
    }

    /// Whether the queue has to be repaired for it.
    package var matters: Bool { kind != .done }
}
