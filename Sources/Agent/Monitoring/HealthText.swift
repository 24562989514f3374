/// What a health reply says, as one line.
enum HealthText {
    /// - Parameter body: our own JSON; a stranger's body is shown as it is, cut and with its control characters escaped.
    static func text(status: Int, body: [UInt8]) -> String {
        var strings = strings(in: body)
        // `status`, its value, `reasons`, the reasons.
        guard strings.count >= 2, strings.removeFirst() == "status" else {
            let shown = String(decoding: body.prefix(200), as: UTF8.self)
            return LogLine.escaped("status \(status), not an agent's answer: \(shown)")
        }
        let state = strings.removeFirst()
        guard strings.first == "reasons" else { return LogLine.escaped(state) }
        return LogLine.escaped("\(state): \(strings.dropFirst().joined(separator: "; "))")
    }

    /// The strings of a JSON text in order, names and values alike; none when one of them is not closed.
    static func strings(in json: [UInt8]) -> [String] {
        var found: [String] = []
        var rest = String(decoding: json, as: UTF8.self).unicodeScalars[...]
        while let start = rest.firstIndex(of: "\"") {
            rest = rest[start...].dropFirst()
            guard let string = string(&rest) else { return [] }
            found.append(string)
        }
        return found
    }

    private static func string(_ rest: inout Substring.UnicodeScalarView) -> String? {
        var text = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"": return String(text)
            case "\\":
                guard let unescaped = unescaped(&rest) else { return nil }
                text.append(unescaped)
            default: text.append(scalar)
            }
        }
        return nil
    }

    private static func unescaped(_ rest: inout Substring.UnicodeScalarView) -> Unicode.Scalar? {
        switch rest.popFirst() {
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u":
            let digits = rest.prefix(4)
            rest = rest.dropFirst(4)
            return UInt32(String(digits), radix: 16).map { Unicode.Scalar($0) ?? "\u{FFFD}" }
        case let scalar: return scalar
        }
    }
}
