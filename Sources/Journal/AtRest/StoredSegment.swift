/// A segment of a queue at rest.
package struct StoredSegment: Hashable, Sendable {
    package let path: String
    package let number: UInt64
    /// Sequences of the first item and of the one behind the last.
    package let first: UInt64
    package let end: UInt64
    /// Items that are not delivered yet.
    package let pending: UInt64
    /// Where the frames end, in bytes from the file's start.
    package let bytes: Int
    /// Closed in order; else a start reads it through.
    package let isSealed: Bool
    package let isEncrypted: Bool
}
