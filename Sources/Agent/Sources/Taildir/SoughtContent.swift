internal import NIOCore

/// A content whose file holds something else now, or is gone, while its rest is looked for.
struct SoughtContent {
    let group: Int
    /// Where it was.
    let inode: UInt64
    let path: String
    let folder: String
    /// For the header.
    let firstPath: String
    /// The file that held it, where that is still known.
    let file: Int?
    /// How far it was read.
    let mark: ContentMark
    /// When its file was changed last, as far as that was seen.
    let modified: Int64?
    /// What was read behind the mark without its end, as events, until they are taken.
    var rest: [LineCutter.Cut]

    /// Whether it was looked for at least once.
    var isBegun = false
    var gzips = GzipLooks()
    /// When the gzip files that are not whole were seen to change last.
    var since: NIODeadline
    var pause = TaildirDriver.firstLookPause
    var isTold = false

    /// For the marks.
    ///
    /// - Parameter progress: how far it was delivered.
    func position(_ progress: Progress) -> FilePosition {
        FilePosition(
            inode: inode,
            position: progress.delivered.offset,
            path: path,
            mark: progress.delivered,
            earlier: progress.earlier,
            modified: modified,
            isSought: true
        )
    }
}
