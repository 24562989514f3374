/// A hash of a file's first bytes that can be carried on from any byte: 64 bits, eight bytes a step.
///
/// Tells copies of a file from other files; no defence against somebody who makes collisions. Each step is a multiplication
/// to 128 bits folded to 64, by the constant of Knuth's multiplicative hashing.
struct ContentHash: Hashable, Sendable {
    private(set) var mixed: UInt64 = 0x9E37_79B9_7F4A_7C15
    /// The last `count % 8` bytes, the first one lowest.
    private(set) var pending: UInt64 = 0
    /// Bytes so far.
    private(set) var count: UInt64 = 0

    init() {}

    /// Goes on with a hash that was written down.
    init(mixed: UInt64, pending: UInt64, count: UInt64) {
        self.mixed = mixed
        self.pending = pending
        self.count = count
    }

    private mutating func mix(_ word: UInt64) {
        let product = (mixed ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        // The sum keeps a product of nothing from staying so.
        mixed = (product.high ^ product.low) &+ 0xD1B5_4A32_D192_ED03
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var at = 0
        var filled = count & 7
        count += UInt64(bytes.count)
        while filled != 0, at < bytes.count {
            pending |= unsafe UInt64(bytes[at]) << (8 * filled)
            at += 1
            filled = (filled + 1) & 7
            if filled == 0 {
                mix(pending)
                pending = 0
            }
        }
        guard filled == 0 else { return }
        while at + 8 <= bytes.count {
            mix(unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
            at += 8
        }
        while at < bytes.count {
            pending |= unsafe UInt64(bytes[at]) << (8 * filled)
            at += 1
            filled += 1
        }
    }
}
