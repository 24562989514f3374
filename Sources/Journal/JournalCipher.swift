/// Hides payloads on disk. Headers stay readable: they tell sequence numbers, counts and lengths.
///
/// The checksum is that of the sealed bytes, so that damage is told from a wrong key, and a check needs no key.
package protocol JournalCipher: Sendable {
    /// What a new segment keeps in its header to be opened again: a key's name, a random nonce. At most 1,024 bytes, and
    /// never the same twice.
    func newParameters() -> [UInt8]
    /// What seals and opens the payloads of the segment with these parameters; throws where a key is missing.
    func segment(_ parameters: [UInt8]) throws(JournalError) -> any JournalSegmentCipher
}

/// Seals and opens the payloads of one segment. Called from one thread at a time.
package protocol JournalSegmentCipher: Sendable {
    /// Bytes that a sealed payload has more than the plain one.
    var overhead: Int { get }
    /// Writes the sealed form of `plain` to `sealed`, which is `overhead` bytes longer. `offset` is the frame's place in
    /// the file, which comes once in a segment.
    func seal(_ plain: UnsafeRawBufferPointer, into sealed: UnsafeMutableRawBufferPointer, offset: Int)
    /// Opens in place; returns the plain bytes' number, or `nil` where they were not sealed so.
    func open(_ sealed: UnsafeMutableRawBufferPointer, offset: Int) -> Int?
}
