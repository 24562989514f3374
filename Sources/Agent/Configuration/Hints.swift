/// Looks for nearest names within a budget, so that a huge file full of mistakes is still read in a moment.
struct Hints {
    private var comparisonsLeft = 200_000

    mutating func nearest(to name: String, among candidates: some Collection<String>) -> String? {
        guard candidates.count <= comparisonsLeft else { return nil }
        comparisonsLeft -= candidates.count
        return NearestName.nearest(to: name, among: candidates)
    }

    /// "did you mean `name`?", or nil.
    mutating func advice(for name: String, among candidates: some Collection<String>) -> String? {
        nearest(to: name, among: candidates).map { "did you mean `\($0)`?" }
    }
}
