/// One of the source's groups: a folder and the names in it.
struct FileGroup: Sendable {
    var name: String
    var folder: String
    /// Matches a whole file name.
    var pattern: RegularExpression
    /// Headers of its events, the fixed ones.
    var headers: [(key: String, value: String)]
}
