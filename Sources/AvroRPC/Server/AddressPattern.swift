/// A pattern of `ipFilterRules`: `.` stands for itself, `*` for any run of characters, `?` for any one. All other
/// characters go into a regular expression as they are, as in Flume; the whole text must match.
struct AddressPattern: Hashable, Sendable {
    private let text: [UInt8]
    /// The expression, where a character of the pattern has a meaning in one.
    private let expression: String?

    /// Characters that mean something in Java's expressions, beside the three that have a meaning here.
    private static let special = Set("\\[](){}|+^$".utf8)

    /// `nil`: it is no regular expression.
    init?(_ pattern: String) {
        text = Array(pattern.utf8)
        guard text.contains(where: Self.special.contains) else {
            expression = nil
            return
        }
        var expression = ""
        for character in pattern {
            switch character {
            case ".": expression += "\\."
            case "*": expression += ".*"
            case "?": expression += "."
            default: expression.append(character)
            }
        }
        guard (try? Regex(expression)) != nil else { return nil }
        self.expression = expression
    }

    func matches(_ subject: String) -> Bool {
        if let expression {
            // Rare, and once for each connection: compiled anew, as a Regex cannot be shared between threads.
            guard let regex = try? Regex(expression) else { return false }
            return (try? regex.wholeMatch(in: subject)) != nil
        }
        return Self.matches(text, Array(subject.utf8))
    }

    /// Without recursion, so that many `*` cost no more than the product of the lengths.
    private static func matches(_ pattern: [UInt8], _ subject: [UInt8]) -> Bool {
        var (at, place) = (0, 0)
        var (star, mark): (Int?, Int) = (nil, 0)
        while place < subject.count {
            if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                star = at
                mark = place
                at += 1
            } else if at < pattern.count, pattern[at] == UInt8(ascii: "?") || pattern[at] == subject[place] {
                at += 1
                place += 1
            } else if let star {
                at = star + 1
                mark += 1
                place = mark
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
