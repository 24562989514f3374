#if canImport(Glibc)
internal import Glibc
#endif

/// The names in a folder.
enum FolderListing {
    struct Entry: Hashable, Sendable {
        var name: String
        var inode: UInt64
        var isLink: Bool
    }

    /// All entries but those whose names are no UTF-8, which no pattern and no position file can name.
    static func entries(of folder: String) throws(FileFailure) -> [Entry] {
        guard let stream = unsafe opendir(folder) else { throw FileFailure.system(errno) }
        defer { unsafe closedir(stream) }
        var entries: [Entry] = []
        while let found = unsafe readdir(stream) {
            let inode = unsafe UInt64(found.pointee.d_ino)
            let isLink = unsafe found.pointee.d_type == UInt8(DT_LNK)
            let name = unsafe withUnsafePointer(to: &found.pointee.d_name) { start in
                unsafe start.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(validatingCString: $0) }
            }
            guard let name, name != ".", name != ".." else { continue }
            entries.append(Entry(name: name, inode: inode, isLink: isLink))
        }
        return entries
    }
}
