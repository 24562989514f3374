/// Opens a file and finds out what it holds. Blocks: for the pool's threads.
enum FileExaminer {
    struct Inquiry: Sendable {
        var path: String
        var key: FileKey
        var known: Identity.Known?
        var heads: [(content: Int, head: [UInt8])]
        var startsAtEnd: Bool
        /// The file was a suspect for long enough: it is a copy, up to the first of these places that it matches.
        var copyOf: [ContentMark]?
        var make: @Sendable (ContentMark) -> LineCutter
    }

    enum Finding: Sendable {
        /// To be read from `start` on. `replaces`: another content than was known.
        case open(TailReader, start: ContentMark, replaces: Bool)
        /// Kept open: a copy may be compressed and gone before it is known to be one.
        case suspect(Int, size: UInt64, OpenFile)
        case empty(OpenFile)
        /// The path leads to another file, or to none.
        case moved
        case failed(FileFailure)
    }

    /// Where the hash of the bytes in front of a position is not known, so many are read again to know it.
    private static let longestCatchUp: UInt64 = 64 << 20

    static func examine(_ inquiry: Inquiry) -> Finding {
        do throws(FileFailure) {
            let file = try OpenFile(inquiry.path)
            let status = try file.status()
            guard status.isRegular, status.key == inquiry.key else { return .moved }
            return try examine(file, status, inquiry)
        } catch {
            return error.isAbsence ? .moved : .failed(error)
        }
    }

    private static func examine(
        _ file: OpenFile,
        _ status: FileStatus,
        _ inquiry: Inquiry
    ) throws(FileFailure) -> Finding {
        if let marks = inquiry.copyOf {
            let mark = try last(of: marks, in: file, size: status.size)
            return open(file, from: mark ?? .start, replaces: false, inquiry)
        }
        let mark = inquiry.known?.mark
        let tail = mark.map { $0.offset - UInt64($0.tail.count) }
        let evidence = Identity.Evidence(
            size: status.size,
            head: try file.bytes(at: 0, count: ContentMark.headLength),
            tail: try tail.map { start throws(FileFailure) in
                try file.bytes(at: start, count: mark?.tail.count ?? 0)
            } ?? []
        )
        let decision = Identity.decide(
            evidence,
            known: inquiry.known,
            heads: inquiry.heads,
            startsAtEnd: inquiry.startsAtEnd
        )
        switch decision {
        case .resume:
            let start = try self.mark(file, at: inquiry.known?.position ?? 0, known: mark)
            return open(file, from: start, replaces: false, inquiry)
        case .fresh(let replaces): return open(file, from: .start, replaces: replaces, inquiry)
        case .suspect(let content): return .suspect(content, size: status.size, file)
        case .empty: return .empty(file)
        case .atEnd: return open(file, from: try self.mark(file, at: status.size, known: nil), replaces: false, inquiry)
        }
    }

    private static func open(
        _ file: OpenFile,
        from start: ContentMark,
        replaces: Bool,
        _ inquiry: Inquiry
    ) -> Finding {
        .open(TailReader(file, from: start, make: inquiry.make), start: start, replaces: replaces)
    }

    /// Whether a file is a copy of the content in front of a mark: byte for byte, as far as the hash tells.
    static func holds(_ file: OpenFile, _ mark: ContentMark, size: UInt64) throws(FileFailure) -> Bool {
        guard let hash = mark.hash, mark.offset > 0, size >= mark.offset else { return false }
        guard try file.bytes(at: 0, count: mark.head.count) == mark.head else { return false }
        return try file.hash(of: mark.offset) == hash
    }

    /// The first of some places in a content, the farthest first, up to which a file holds the same bytes.
    static func last(
        of marks: [ContentMark],
        in file: OpenFile,
        size: UInt64
    ) throws(FileFailure) -> ContentMark? {
        for mark in marks {
            if try holds(file, mark, size: size) { return mark }
        }
        return nil
    }

    /// The mark of a place in a file, from what is known of it and its bytes.
    private static func mark(
        _ file: OpenFile,
        at position: UInt64,
        known: ContentMark?
    ) throws(FileFailure) -> ContentMark {
        if let known, known.offset == position, known.hash != nil || position > longestCatchUp { return known }
        let tail = min(position, UInt64(ContentMark.tailLength))
        return ContentMark(
            offset: position,
            hash: position <= longestCatchUp ? try file.hash(of: position) : nil,
            head: try file.bytes(at: 0, count: Int(min(position, UInt64(ContentMark.headLength)))),
            tail: try file.bytes(at: position - tail, count: Int(tail))
        )
    }
}
