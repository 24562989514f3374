/// A sound frame, as it stands in a segment.
package struct StoredFrame: Hashable, Sendable {
    /// The segment's file, and where in it the frame begins.
    package let path: String
    package let offset: Int
    /// Sequence of the first item, and how many there are.
    package let first: UInt64
    package let count: Int
    package let isEncrypted: Bool
    /// The items that are not delivered yet, as indices.
    package let pending: [Range<Int>]
}
