/// Looks for the file that a content was copied to before its own file was emptied (`copytruncate`), or that holds it now
/// that its own is gone.
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
        var file: any ByteSource
        /// It would be read from its start otherwise.
        var isSuspect: Bool
    }

    /// What is looked for, and where.
    struct Inquiry: Sendable {
        /// How far the content was delivered.
        var mark: ContentMark
        /// Places before the mark. They count for suspects alone: another file that ends before the mark has nothing that was
        /// not read.
        var earlier: [ContentMark]
        /// When the content's file was changed last, as far as that was seen; nil where nobody knows.
        var modified: Int64?
        var candidates: [Candidate]
        var folder: String
        /// Only gzip files are looked at: all others were looked at before.
        var isLookAgain = false
        /// Files that are being read for themselves.
        var excluded: Set<FileKey>
        var make: @Sendable (ContentMark) -> LineCutter
    }

    /// The file among the candidates, or in a folder, that holds the same bytes up to the mark. Gzip files come last: they are
    /// whole when what they were made of is removed.
    ///
    /// - Parameter gzips: what is known of them from the last look, and from this one.
    static func find(_ inquiry: Inquiry, gzips: inout GzipLooks) -> Copy? {
        let mark = inquiry.mark
        guard mark.hash != nil, mark.offset > 0 else { return nil }
        let plain = inquiry.isLookAgain ? nil : plainCopy(inquiry)
        // Listed anew: the plain file may have gone meanwhile, and the gzip file come.
        return plain ?? gzips.find(inquiry, in: files(in: inquiry.folder))
    }

    private static func plainCopy(_ inquiry: Inquiry) -> Copy? {
        var seen = inquiry.excluded
        func isNew(_ file: any ByteSource) -> Bool {
            guard let key = try? file.status().key else { return false }
            return seen.insert(key).inserted
        }
        for candidate in inquiry.candidates where isNew(candidate.file) {
            if let found = copy(candidate, inquiry) { return found }
        }
        for (path, status) in files(in: inquiry.folder)
        where status.size >= inquiry.mark.offset && !seen.contains(status.key) {
            guard let file = try? OpenFile(path), isNew(file) else { continue }
            if let found = copy(Candidate(path: path, file: file, isSuspect: false), inquiry) { return found }
        }
        return nil
    }

    private static func copy(_ candidate: Candidate, _ inquiry: Inquiry) -> Copy? {
        let marks = candidate.isSuspect ? [inquiry.mark] + inquiry.earlier : [inquiry.mark]
        // A gzip file has no size before it is read.
        guard !(candidate.file is InflatedFile), let status = try? candidate.file.status(), status.isRegular,
            let start = try? FileExaminer.last(of: marks, in: candidate.file, size: status.size)
        else { return nil }
        let reader = TailReader(candidate.file, from: start, make: inquiry.make)
        return Copy(path: candidate.path, status: status, start: start, reader: reader)
    }

    private static func files(in folder: String) -> [(path: String, status: FileStatus)] {
        ((try? FolderListing.entries(of: folder)) ?? []).compactMap { entry in
            let path = folder == "/" ? "/\(entry.name)" : "\(folder)/\(entry.name)"
            guard let status = try? FileStatus.of(path), status.isRegular else { return nil }
            return (path, status)
        }
    }
}
