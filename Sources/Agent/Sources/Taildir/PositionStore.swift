#if canImport(Glibc)
internal import Glibc
#endif

/// Reads and writes the position file and the marks beside it. Blocks: for the pool's threads.
///
/// A file is written beside its name, synced and renamed, so that a crash or a full disk leaves the old one whole. Marks
/// come last: a position that is newer than its mark is as if Java had read on, and what is looked for is known until its copy
/// has a position.
struct PositionStore: Sendable {
    let path: String

    /// Where the marks stand.
    var marksPath: String { path + ".ids" }

    /// Makes the folders above the file.
    func makeFolders() throws(FileFailure) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
        var folder = path.hasPrefix("/") ? "" : "."
        for part in parts {
            folder += "/\(part)"
            if unsafe mkdir(folder, 0o777) != 0, errno != EEXIST { throw FileFailure.system(errno) }
        }
    }

    /// What both files say; nothing where there is no position file. `isWhole` is false where it is damaged.
    func load() throws(FileFailure) -> (files: [FilePosition], isWhole: Bool) {
        guard let positions = try Self.contents(of: path) else { return ([], true) }
        let marks = try? Self.contents(of: marksPath)
        return PositionFile.read(positions: positions, marks: marks ?? [])
    }

    /// Keeps a damaged position file for whoever wants to look at it.
    func setAside() {
        _ = unsafe rename(path, path + ".damaged")
    }

    func save(_ files: [FilePosition]) throws(FileFailure) {
        try Self.replace(path, with: PositionFile.positions(files), mode: 0o666)
        // Begins of lines stand in the marks: for the owner's eyes.
        try Self.replace(marksPath, with: PositionFile.marks(files), mode: 0o600)
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = unsafe open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFailure.system(errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileFailure.system(errno) }
    }

    private static func contents(of path: String) throws(FileFailure) -> [UInt8]? {
        do throws(FileFailure) {
            let file = try OpenFile(path)
            return try file.bytes(at: 0, count: Int(try file.status().size))
        } catch {
            if error.isAbsence { return nil }
            throw error
        }
    }

    private static func replace(_ path: String, with bytes: [UInt8], mode: mode_t) throws(FileFailure) {
        let new = path + ".new"
        let descriptor = unsafe open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw FileFailure.system(errno) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe write(descriptor, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileFailure.system(errno) }
            written += count
        }
        guard fsync(descriptor) == 0 else { throw FileFailure.system(errno) }
        guard unsafe rename(new, path) == 0 else { throw FileFailure.system(errno) }
    }
}
