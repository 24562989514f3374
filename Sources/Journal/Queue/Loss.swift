/// Stored items that cannot be read back.
struct Loss: Hashable, Sendable {
    var items: UInt64
    var sequences: Range<UInt64>
    /// Where in the segment they were; empty where nothing is known.
    var span: Range<Int>
    var reason: String
}
