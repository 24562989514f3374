/// What was seen of a folder's gzip files while one of them was looked for that holds a certain content.
///
/// Each is inflated once for each state that it is found in, and while it grows not at all.
struct GzipLooks: Sendable {
    /// A gzip file that may hold the content, but is not whole.
    struct Unfinished: Hashable, Sendable {
        var path: String
        var status: FileStatus
        var reason: String
    }

    private enum Verdict: Hashable {
        /// Holds something else.
        case other
        case unfinished(String)
        /// Has changed since the last look; looked into when it stays as it is.
        case growing
    }

    /// Files that begin as the content does and are inflated in one look at most: logs of one program may all begin alike.
    private static let most = 8
    /// Nanoseconds that a file's time may lack: a program that sets the time of what it compressed may cut it off.
    private static let slack: Int64 = 2_000_000_000

    private var verdicts: [FileKey: (path: String, status: FileStatus, verdict: Verdict)] = [:]

    /// Those that may still become what is looked for.
    var unfinished: [Unfinished] {
        verdicts.values.compactMap { path, status, verdict in
            switch verdict {
            case .other: nil
            case .growing: Unfinished(path: path, status: status, reason: "it is being written")
            case .unfinished(let reason): Unfinished(path: path, status: status, reason: reason)
            }
        }
    }

    /// The gzip file that is whole and holds the same bytes up to the mark, the earliest first that was changed no earlier than
    /// the content's own file.
    mutating func find(
        _ inquiry: CopyFinder.Inquiry,
        in files: [(path: String, status: FileStatus)]
    ) -> CopyFinder.Copy? {
        let earliest = inquiry.modified.map { $0 - Self.slack } ?? .min
        // What was held open may have lost its name.
        let held = inquiry.candidates.compactMap { candidate -> (String, FileStatus, OpenFile?)? in
            guard let file = candidate.file as? OpenFile, let status = try? file.status() else { return nil }
            return (candidate.path, status, file)
        }
        let present = (files.map { ($0.path, $0.status, nil) } + held)
            .filter { $0.1.isRegular && $0.1.modified >= earliest && !inquiry.excluded.contains($0.1.key) }
            .sorted { $0.1.modified < $1.1.modified }
        var looked: Set<FileKey> = []
        var last = verdicts
        verdicts = [:]
        var inflated = 0
        for (path, status, open) in present where looked.insert(status.key).inserted && inflated < Self.most {
            if let known = last.removeValue(forKey: status.key), known.verdict != .growing || known.status != status {
                let verdict = known.status == status ? known.verdict : .growing
                verdicts[status.key] = (path, status, verdict)
                continue
            }
            do throws(FileFailure) {
                let file = if let open { open } else { try OpenFile(path) }
                guard let content = try InflatedFile(file) else {
                    verdicts[status.key] = (path, status, .other)
                    continue
                }
                let (verdict, hasHead) = try judge(content, inquiry.mark)
                inflated += hasHead ? 1 : 0
                guard let verdict else {
                    let reader = TailReader(content, from: inquiry.mark, make: inquiry.make)
                    return CopyFinder.Copy(path: path, status: status, start: inquiry.mark, reader: reader)
                }
                verdicts[status.key] = (path, status, verdict)
            } catch {
                if !error.isAbsence { verdicts[status.key] = (path, status, .unfinished("\(error)")) }
            }
        }
        return nil
    }

    /// Nil where it is the content. `hasHead`: whether more than its first bytes were looked at.
    private func judge(
        _ file: InflatedFile,
        _ mark: ContentMark
    ) throws(FileFailure) -> (verdict: Verdict?, hasHead: Bool) {
        let head = try file.bytes(at: 0, count: mark.head.count)
        guard mark.head.starts(with: head) else { return (.other, false) }
        guard head.count == mark.head.count else {
            let ending = try file.ending()
            guard ending == .unfinished, let reason = ending.reason else { return (.other, false) }
            return (.unfinished(reason), false)
        }
        if try FileExaminer.last(of: [mark], in: file, size: .max) == nil {
            // Another content, or less of it than was delivered.
            guard try file.status().size < mark.offset, let reason = try file.ending().reason else {
                return (.other, true)
            }
            return (.unfinished(reason), true)
        }
        return (try file.ending().reason.map { .unfinished($0) }, true)
    }
}
