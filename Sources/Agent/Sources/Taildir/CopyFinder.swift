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

    /// The regular file of a folder that holds the same bytes up to the mark; nil where there is none.
    ///
    /// - Parameters:
    ///   - earlier: places before the mark, the farthest first. They count for `suspects` alone: files that would be read
    ///     from their starts otherwise. A file that ends before the mark has nothing that was not read.
    ///   - excluded: files that are being read for themselves.
    static func find(
        _ mark: ContentMark,
        earlier: [ContentMark],
        in folder: String,
        suspects: Set<FileKey>,
        excluding excluded: Set<FileKey>,
        make: @escaping @Sendable (ContentMark) -> LineCutter
    ) -> Copy? {
        guard mark.hash != nil, mark.offset > 0, let names = try? FolderListing.entries(of: folder) else { return nil }
        for entry in names {
            let path = folder == "/" ? "/\(entry.name)" : "\(folder)/\(entry.name)"
            guard let status = try? FileStatus.of(path), status.isRegular, !excluded.contains(status.key) else { continue }
            let marks = suspects.contains(status.key) ? [mark] + earlier : [mark]
            guard marks.contains(where: { $0.offset <= status.size }), let file = try? OpenFile(path),
                (try? file.status())?.key == status.key,
                let start = try? FileExaminer.last(of: marks, in: file, size: status.size)
            else { continue }
            return Copy(path: path, status: status, start: start, reader: TailReader(file, from: start, make: make))
        }
        return nil
    }
}
