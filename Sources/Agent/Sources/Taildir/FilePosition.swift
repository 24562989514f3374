/// One file's entry in the position file and in the marks beside it.
struct FilePosition: Hashable, Sendable {
    var inode: UInt64
    var position: UInt64
    var path: String
    /// What is known of the content; its offset need not be `position` where Flume wrote the position file meanwhile.
    var mark: ContentMark?
    /// Places in front of the mark that the content was delivered up to before, the latest last: a copy may end between two.
    var earlier: [ContentMark] = []
    /// When the file was changed last before its content was read up to the mark; nanoseconds since 1970.
    var modified: Int64?
    /// The file holds something else now, or is gone, and the rest of the content is looked for. Stands in the marks alone.
    var isSought = false
}
