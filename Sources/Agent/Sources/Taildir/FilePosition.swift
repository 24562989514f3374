/// One file's entry in the position file and in the marks beside it.
struct FilePosition: Hashable, Sendable {
    var inode: UInt64
    var position: UInt64
    var path: String
    /// What is known of the content; its offset need not be `position` where Flume wrote the position file meanwhile.
    var mark: ContentMark?
}
