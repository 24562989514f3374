/// Rewrites a regular expression from Java's syntax (java.util.regex.Pattern) where PCRE2 writes the same thing otherwise.
///
/// `\uXXXX` and the POSIX classes `\p{Alpha}` are rewritten. What PCRE2 would take in silence for something else is refused:
/// intersections (`&&`) and classes within classes.
enum JavaSyntax {
    /// Why an expression cannot be taken over.
    struct Difference: Error, Hashable {
        var message: String
        /// In characters from the start of the expression.
        var offset: Int
    }

    /// Java's names (Pattern, "POSIX character classes"), in PCRE2's.
    private static let classes: [String: String] = [
        "Lower": "lower", "Upper": "upper", "ASCII": "ascii", "Alpha": "alpha", "Digit": "digit", "Alnum": "alnum",
        "Punct": "punct", "Graph": "graph", "Print": "print", "Blank": "blank", "Cntrl": "cntrl", "XDigit": "xdigit",
        "Space": "space",
    ]

    static func translated(_ pattern: String) throws(Difference) -> String {
        let text = Array(pattern)
        var output = ""
        var at = 0
        var inClass = false
        /// Where the class's first member stands: a `]` there would end nothing in PCRE2, and is an error in Java.
        var classStart = 0
        while at < text.count {
            let character = text[at]
            switch character {
            case "\\":
                let (piece, length) = escape(text, at, inClass: inClass)
                output += piece
                at += length
                continue
            case "[" where inClass:
                throw Difference(message: "a class within a class, which only Java's expressions have", offset: at)
            case "[":
                inClass = true
                classStart = at + 1
                if classStart < text.count, text[classStart] == "^" { classStart += 1 }
            case "]" where inClass && at > classStart:
                inClass = false
            case "&" where inClass && at + 1 < text.count && text[at + 1] == "&":
                throw Difference(message: "an intersection (`&&`), which only Java's expressions have", offset: at)
            default: break
            }
            output.append(character)
            at += 1
        }
        return output
    }

    /// What stands for an escape, and how many characters it takes.
    private static func escape(_ text: [Character], _ at: Int, inClass: Bool) -> (String, Int) {
        guard at + 1 < text.count else { return ("\\", 1) }
        switch text[at + 1] {
        case "Q":
            // Up to \E nothing has a meaning; PCRE2 reads it so too.
            var end = at + 2
            while end < text.count, !(text[end] == "\\" && end + 1 < text.count && text[end + 1] == "E") { end += 1 }
            let length = min(text.count, end + 2) - at
            return (String(text[at..<(at + length)]), length)
        case "u" where at + 5 < text.count && text[(at + 2)...(at + 5)].allSatisfy(\.isHexDigit):
            return ("\\x{\(String(text[(at + 2)...(at + 5)]))}", 6)
        case "p" where at + 2 < text.count && text[at + 2] == "{", "P" where at + 2 < text.count && text[at + 2] == "{":
            guard let end = text[at...].firstIndex(of: "}"),
                let name = classes[String(text[(at + 3)..<end])]
            else { break }
            let inner = "[:\(text[at + 1] == "P" ? "^" : "")\(name):]"
            return (inClass ? inner : "[\(inner)]", end + 1 - at)
        default: break
        }
        return (String(text[at...(at + 1)]), 2)
    }
}
