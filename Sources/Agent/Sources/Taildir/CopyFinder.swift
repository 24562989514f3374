#if canImport(Glibc)
internal import Glibc
#endif

/// Looks for the file that a content was copied to before its own file was emptied (`copytruncate`).
enum CopyFinder {
    struct Copy: Sendable {
        var path: String
        var status: FileStatus
        /// Reads it from the mark on.
        var reader: TailReader
    }

    /// The regular file of a folder that holds the same bytes up to the mark; nil where there is none.
    ///
    /// - Parameter excluded: files that are being read for themselves.
    static func find(
        _ mark: ContentMark,
        in folder: String,
        excluding excluded: Set<FileKey>,
        make: @escaping @Sendable (ContentMark) -> LineCutter
    ) -> Copy? {
        guard mark.hash != nil, mark.offset > 0, let names = try? FolderListing.entries(of: folder) else { return nil }
        for entry in names {
            let path = "\(folder)/\(entry.name)"
            guard let status = try? FileStatus.of(path), status.isRegular, status.size >= mark.offset,
                !excluded.contains(status.key), let file = try? OpenFile(path),
                (try? file.status())?.key == status.key, (try? FileExaminer.holds(file, mark, size: status.size)) == true
            else { continue }
            return Copy(path: path, status: status, reader: TailReader(file, from: mark, make: make))
        }
        return nil
    }
}
