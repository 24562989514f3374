#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// What tells one content of a path from another without reading it. Links are followed: one that is turned to another
/// file (as Kubernetes swaps a secret) is another content.
struct FileIdentity: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64
    let size: Int64
    /// Nanoseconds since 1970 of the last change of the content, and of the file's rights or name.
    let modified: Int64
    let changed: Int64

    /// Nil where nothing can be found out, most often because the path is not there.
    init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        self.device = UInt64(truncatingIfNeeded: status.st_dev)
        self.inode = UInt64(truncatingIfNeeded: status.st_ino)
        self.size = Int64(status.st_size)
        #if canImport(Darwin)
        let (modified, changed) = (status.st_mtimespec, status.st_ctimespec)
        #else
        let (modified, changed) = (status.st_mtim, status.st_ctim)
        #endif
        self.modified = Int64(modified.tv_sec) * 1_000_000_000 + Int64(modified.tv_nsec)
        self.changed = Int64(changed.tv_sec) * 1_000_000_000 + Int64(changed.tv_nsec)
    }

    /// For tests of what is decided upon identities.
    init(size: Int64, modified: Int64) {
        (self.device, self.inode, self.size) = (1, 1, size)
        (self.modified, self.changed) = (modified, modified)
    }
}
