/// Finds what a mistyped name was meant to be. Case does not count, a swap of neighbours counts as one edit.
public enum NearestName {
    /// Longer names are not compared: nobody mistypes them by hand, and the cost grows with the square.
    private static let longestName = 120

    /// The candidate with the fewest edits from `name`, the first of equals; nil when none is near enough: one edit
    /// for names of up to 4 characters, two up to 9, three above. A name that differs only in case is near; the
    /// name itself is never offered.
    public static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.lowercased().utf8)
        guard !wanted.isEmpty, wanted.count <= longestName else { return nil }
        var best: String?
        var limit = wanted.count <= 4 ? 1 : wanted.count <= 9 ? 2 : 3
        for candidate in candidates where candidate != name {
            let other = Array(candidate.lowercased().utf8)
            guard let distance = distance(wanted, other, limit: limit), distance < other.count else { continue }
            best = candidate
            if distance == 0 { break }
            limit = distance - 1
        }
        return best
    }

    /// Edits (insert, delete, replace, swap of two neighbours) from one text to the other.
    public static func distance(_ one: String, _ other: String) -> Int {
        distance(Array(one.utf8), Array(other.utf8), limit: .max) ?? 0
    }

    /// The restricted Damerau-Levenshtein distance by three rows of the table; nil as soon as it must exceed `limit`.
    private static func distance(_ one: [UInt8], _ other: [UInt8], limit: Int) -> Int? {
        guard abs(one.count - other.count) <= limit else { return nil }
        var before = [Int](repeating: 0, count: other.count + 1)
        var previous = Array(0...other.count)
        var current = before
        for row in 0..<one.count {
            current[0] = row + 1
            var least = row + 1
            for column in 0..<other.count {
                let replaced = previous[column] + (one[row] == other[column] ? 0 : 1)
                var edits = min(replaced, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, one[row] == other[column - 1], one[row - 1] == other[column] {
                    edits = min(edits, before[column - 1] + 1)
                }
                current[column + 1] = edits
                least = min(least, edits)
            }
            if least > limit { return nil }
            (before, previous, current) = (previous, current, before)
        }
        return previous[other.count] <= limit ? previous[other.count] : nil
    }
}
