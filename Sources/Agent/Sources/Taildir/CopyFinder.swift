#if canImport(Glibc)
internal import Glibc
#endif

/// Looks for the file that a content was copied to before its own file was emptied (`copytruncate`).
enum CopyFinder {
    struct Copy: Sendable {
        var path: String
        var status: FileStatus
        /// From where on it is to be read.
        var start: ContentMark
        /// Reads it from the mark on.
        var reader: TailReader
    }

    /// A file that is held open because it may be a copy.
    struct Candidate: Sendable {
        var path: String
        var file: OpenFile
        /// It would be read from its start otherwise.
        var isSuspect: Bool
    }

    /// The file among the candidates, or in a folder, that holds the same bytes up to the mark; nil where there is none.
    ///
    /// - Parameters:
    ///   - earlier: places before the mark, the farthest first. They count for suspects alone: another file that ends before
    ///     the mark has nothing that was not read.
    ///   - excluded: files that are being read for themselves.
    static func find(
        _ mark: ContentMark,
        earlier: [ContentMark],
        among candidates: [Candidate],
        in folder: String,
        excluding excluded: Set<FileKey>,
        make: @escaping @Sendable (ContentMark) -> LineCutter
    ) -> Copy? {
        guard mark.hash != nil, mark.offset > 0 else { return nil }
        var seen = excluded
        func copy(_ candidate: Candidate) -> Copy? {
            let marks = candidate.isSuspect ? [mark] + earlier : [mark]
            guard let status = try? candidate.file.status(), status.isRegular, seen.insert(status.key).inserted,
                marks.contains(where: { $0.offset <= status.size }),
                let start = try? FileExaminer.last(of: marks, in: candidate.file, size: status.size)
            else { return nil }
            let reader = TailReader(candidate.file, from: start, make: make)
            return Copy(path: candidate.path, status: status, start: start, reader: reader)
        }
        for candidate in candidates { if let found = copy(candidate) { return found } }
        for entry in (try? FolderListing.entries(of: folder)) ?? [] {
            let path = folder == "/" ? "/\(entry.name)" : "\(folder)/\(entry.name)"
            guard let status = try? FileStatus.of(path), status.isRegular, status.size >= mark.offset,
                !seen.contains(status.key), let file = try? OpenFile(path)
            else { continue }
            if let found = copy(Candidate(path: path, file: file, isSuspect: false)) { return found }
        }
        return nil
    }
}
