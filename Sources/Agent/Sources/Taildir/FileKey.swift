/// What the kernel knows a file by, whatever its names.
struct FileKey: Hashable, Sendable {
    var device: UInt64
    var inode: UInt64
}
