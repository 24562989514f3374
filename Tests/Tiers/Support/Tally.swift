/// What became of issued ids; the id of a line is its first word.
struct Tally: CustomStringConvertible {
    private(set) var lost = 0
    private(set) var duplicates = 0
    /// Lines whose id was never issued.
    private(set) var unknown = 0
    private(set) var lostExamples: [String] = []

    init(issued: some Sequence<String>, delivered: some Sequence<String>) {
        var counts: [Substring: Int] = [:]
        for id in issued { counts[Self.id(id)] = 0 }
        for line in delivered {
            let id = Self.id(line)
            guard let count = counts[id] else {
                unknown += 1
                continue
            }
            counts[id] = count + 1
            if count > 0 { duplicates += 1 }
        }
        let missing = counts.filter { $0.value == 0 }.keys.sorted()
        lost = missing.count
        lostExamples = missing.prefix(5).map(String.init)
    }

    private static func id(_ line: String) -> Substring { line.prefix { $0 != " " } }

    var description: String { "lost \(lost) \(lostExamples), duplicates \(duplicates), unknown \(unknown)" }
}
