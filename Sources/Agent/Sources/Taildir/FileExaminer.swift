/// Opens a file and finds out what it holds. Blocks: for the pool's threads.
enum FileExaminer {
    struct Inquiry: Sendable {
        var path: String
        /// The file, where it is held open: its name may lead elsewhere by now.
        var opened: OpenFile?
        var key: FileKey
        var known: Identity.Known?
        /// When the file was changed last, as of the last read.
        var modified: Int64?
        var heads: [(content: Int, head: [UInt8])]
        /// Of contents whose files are gone: only gzip files are compared with them.
        var gone: [(content: Int, head: [UInt8])] = []
        var startsAtEnd: Bool
        /// The file was a suspect for long enough: it is a copy, up to the farthest of these places that it matches.
        var copyOf: [ContentMark]?
        /// Whether its name matches; what has lost its name is only read as the content that is known.
        var isNamed = true
        /// As it was when it was found to be a gzip file of a known content that is not whole.
        var unfinished: FileStatus?
        var make: @Sendable (ContentMark) -> LineCutter
    }

    enum Finding: Sendable {
        /// To be read from `start` on.
        case open(TailReader, start: ContentMark)
        /// It holds another content than was known; to be examined as a file of which nothing is known.
        case replaced(OpenFile)
        /// Kept open: a copy may be compressed and gone before it is known to be one.
        case suspect(Int, size: UInt64, any ByteSource)
        /// Nothing in it yet. Nil where it is the beginning of a gzip file.
        case empty((any ByteSource)?)
        /// A gzip file that was read to its end and has not changed since.
        case delivered
        /// A gzip file of a known content that is not whole, or not yet; the reason is nil where that was said before.
        case unfinished(FileStatus, reason: String?)
        /// Another file than the one that is known, under a name that does not match.
        case foreign
        /// The path leads to another file, or to none.
        case moved
        case failed(FileFailure)
    }

    /// Where the hash of the bytes in front of a position is not known, so many are read again to know it.
    private static let longestCatchUp: UInt64 = 64 << 20

    static func examine(_ inquiry: Inquiry) -> Finding {
        do throws(FileFailure) {
            let file = if let opened = inquiry.opened { opened } else { try OpenFile(inquiry.path) }
            let status = try file.status()
            guard status.isRegular, status.key == inquiry.key else { return .moved }
            if status == inquiry.unfinished { return .unfinished(status, reason: nil) }
            guard let inflated = try InflatedFile(file) else { return try examine(file, of: file, status, inquiry) }
            // Nothing was read of it, and it has no name: the inode number alone makes no log of a gzip file.
            if inquiry.known?.position == 0, !inquiry.isNamed { return .foreign }
            if try isDelivered(file, inflated, status, inquiry) { return .delivered }
            switch try form(inflated, inquiry) {
            case .raw: return try examine(file, of: file, status, inquiry)
            case .empty: return .empty(nil)
            case .suspect(let content): return .suspect(content, size: status.size, inflated)
            case .unfinished(let ending): return .unfinished(status, reason: ending.reason)
            case .inflated:
                var whole = status
                whole.size = try inflated.status().size
                return try examine(inflated, of: file, whole, inquiry)
            }
        } catch {
            return error.isAbsence ? .moved : .failed(error)
        }
    }

    /// Whether a gzip file is as it was when it was read to its end, by its time, its first bytes and the length that it ends
    /// with (RFC 1952, ISIZE): archives are not inflated at every start.
    private static func isDelivered(
        _ file: OpenFile,
        _ inflated: InflatedFile,
        _ status: FileStatus,
        _ inquiry: Inquiry
    ) throws(FileFailure) -> Bool {
        guard let known = inquiry.known, let mark = known.mark, mark.isKnown, mark.offset == known.position,
            !InflatedFile.isGzip(mark.head), status.modified == inquiry.modified, status.size > 4,
            try inflated.bytes(at: 0, count: mark.head.count) == mark.head
        else { return false }
        let length = try file.bytes(at: status.size - 4, count: 4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return length == UInt32(truncatingIfNeeded: mark.offset)
    }

    /// How a gzip file is to be read.
    private enum Form {
        /// As the lines that its bytes make, as Flume reads it: nothing that is known stands in it.
        case raw
        case empty
        case suspect(Int)
        case unfinished(InflatedFile.Ending)
        case inflated
    }

    private static func form(_ file: InflatedFile, _ inquiry: Inquiry) throws(FileFailure) -> Form {
        let marks = inquiry.copyOf ?? inquiry.known?.mark.map { [$0] } ?? []
        if marks.contains(where: { InflatedFile.isGzip($0.head) }) { return .raw }
        guard marks.contains(where: \.isKnown) || inquiry.copyOf != nil else {
            // A position that Flume wrote, or a new file.
            guard inquiry.known?.position ?? 0 == 0, !inquiry.startsAtEnd else { return .raw }
            let head = try file.bytes(at: 0, count: ContentMark.headLength)
            if let content = Identity.begins(head, like: inquiry.heads + inquiry.gone) { return .suspect(content) }
            if head.isEmpty, try file.ending() == .unfinished { return .empty }
            return .raw
        }
        let ending = try file.ending()
        return ending == .whole ? .inflated : .unfinished(ending)
    }

    private static func examine(
        _ file: any ByteSource,
        of opened: OpenFile,
        _ status: FileStatus,
        _ inquiry: Inquiry
    ) throws(FileFailure) -> Finding {
        if let marks = inquiry.copyOf {
            return open(file, from: try last(of: marks, in: file, size: status.size) ?? .start, inquiry)
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
            return open(file, from: start, inquiry)
        case .fresh(let replaces):
            if inquiry.known != nil, !inquiry.isNamed { return .foreign }
            return replaces ? .replaced(opened) : open(file, from: .start, inquiry)
        case .suspect(let content): return .suspect(content, size: status.size, file)
        case .empty: return .empty(file)
        case .atEnd: return open(file, from: try self.mark(file, at: status.size, known: nil), inquiry)
        }
    }

    private static func open(_ file: any ByteSource, from start: ContentMark, _ inquiry: Inquiry) -> Finding {
        .open(TailReader(file, from: start, make: inquiry.make), start: start)
    }

    /// The farthest of some places in a content up to which a file holds the same bytes: byte for byte, as far as the hash
    /// tells.
    static func last(
        of marks: [ContentMark],
        in file: any ByteSource,
        size: UInt64
    ) throws(FileFailure) -> ContentMark? {
        var (hash, found) = (ContentHash(), ContentMark?.none)
        for mark in marks.sorted(by: { $0.offset < $1.offset }) where mark.offset > 0 && mark.offset <= size {
            guard let known = mark.hash else { continue }
            // The first bytes tell most files apart, and one that differs here differs at every place behind.
            guard try file.bytes(at: 0, count: mark.head.count) == mark.head,
                let next = try file.hash(of: mark.offset, from: hash), next == known
            else { break }
            (hash, found) = (next, mark)
        }
        return found
    }

    /// The mark of a place in a file, from what is known of it and its bytes.
    private static func mark(
        _ file: any ByteSource,
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
