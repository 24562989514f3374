/// Decides which content a file holds that is seen at a path: one that is known already, or another one.
///
/// An inode's number says little: it is used again as soon as its file is deleted, and a file may be emptied and written
/// anew. Only the bytes tell. In doubt a file is read from its start: a line twice is better than a line lost.
enum Identity {
    /// What is known of the file beforehand.
    struct Known: Hashable, Sendable {
        var position: UInt64
        var mark: ContentMark?
        /// Whether it was at this path.
        var isSamePath: Bool
    }

    /// What was read of it.
    struct Evidence: Hashable, Sendable {
        var size: UInt64
        /// Its first bytes, as many as a mark keeps.
        var head: [UInt8]
        /// The bytes in front of the known mark's offset, as many as the mark has.
        var tail: [UInt8]
    }

    enum Decision: Hashable, Sendable {
        /// The known content, to be read from its position on.
        case resume
        /// A content to be read from its start. `replaces`: where the known content was before.
        case fresh(replaces: Bool)
        /// Begins like this other content: a copy of it, or about to be one.
        case suspect(Int)
        /// Nothing in it yet.
        case empty
        /// Not to be read from its start but from its end.
        case atEnd
    }

    /// - Parameters:
    ///   - heads: the first bytes of the contents that are being read.
    ///   - startsAtEnd: the file was there before the agent was, and `skipToEnd` is set.
    static func decide(
        _ evidence: Evidence,
        known: Known?,
        heads: [(content: Int, head: [UInt8])],
        startsAtEnd: Bool
    ) -> Decision {
        if let known {
            guard known.position <= evidence.size else { return .fresh(replaces: true) }
            guard let mark = known.mark, mark.isKnown else {
                // A position that Flume wrote: its rule is inode and path.
                return known.isSamePath || known.position == 0 ? .resume : .fresh(replaces: false)
            }
            let isSame =
                evidence.size >= mark.offset && evidence.head.starts(with: mark.head) && evidence.tail == mark.tail
            return isSame ? .resume : .fresh(replaces: true)
        }
        if startsAtEnd { return .atEnd }
        guard evidence.size > 0 else { return .empty }
        return begins(evidence.head, like: heads).map { .suspect($0) } ?? .fresh(replaces: false)
    }

    /// The content that begins as a file does, as far as both go.
    static func begins(_ first: [UInt8], like heads: [(content: Int, head: [UInt8])]) -> Int? {
        heads.first { _, head in
            let common = min(head.count, first.count)
            return common > 0 && head.prefix(common) == first.prefix(common)
        }?.content
    }
}
