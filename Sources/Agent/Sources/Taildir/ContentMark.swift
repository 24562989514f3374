/// A place in a file's content, with enough of what lies before it to know the content again.
struct ContentMark: Hashable, Sendable {
    /// Bytes of `head` and of `tail` at most.
    static let headLength = 256
    static let tailLength = 64

    /// Bytes in front of the place.
    var offset: UInt64
    /// Of all bytes in front; nil where they were not all read (a position that Flume wrote, `skipToEnd`).
    var hash: ContentHash?
    /// The content's first bytes, as far as they lie in front of the place.
    var head: [UInt8]
    /// The bytes right in front of the place.
    var tail: [UInt8]

    /// The start of a content of which nothing is known.
    static let start = ContentMark(offset: 0, hash: ContentHash(), head: [], tail: [])

    /// Whether anything can be compared.
    var isKnown: Bool { !head.isEmpty || !tail.isEmpty }
}
