/// What a queue holds: bytes made of items, one behind the other.
///
/// The journal knows nothing of them but where each begins, so that a frame holds whole items and a damaged one costs no
/// more than itself. What was just appended is handed out as the very value that came in.
package protocol JournalPayload: Sendable {
    /// Number of items, at least 1.
    var itemCount: Int { get }
    /// Length of all bytes.
    var byteCount: Int { get }
    /// Where an item begins in the bytes; for `itemCount`, where the last one ends.
    func offset(ofItem index: Int) -> Int
    /// Calls `body` with all bytes.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result
    /// Copies what was stored; `nil` where the bytes are not `itemCount` items.
    init?(stored bytes: UnsafeRawBufferPointer, itemCount: Int)
}

extension JournalPayload {
    package var byteCount: Int { offset(ofItem: itemCount) }
}
