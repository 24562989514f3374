internal import Agent

/// The login of a process's Kafka clients where none is in their own settings: the section `KafkaClient` of the file that
/// `-Djava.security.auth.login.config` names, as the Java client has it (org.apache.kafka.common.security.JaasContext).
///
///     KafkaClient {
///       org.apache.kafka.common.security.plain.PlainLoginModule required
///       username="u" password="p";
///     };
enum JaasFile {
    static let property = "java.security.auth.login.config"
    private static let section = "KafkaClient"

    struct Problem: Error, Equatable {
        let text: String
    }

    /// The section's first entry, as `sasl.jaas.config` would hold it; `nil` where no file is named.
    static func login(of process: ProcessSettings) throws(Problem) -> String? {
        guard let path = process.systemProperties[property], !path.isEmpty else { return nil }
        let bytes: [UInt8]
        do throws(ConfigurationFault) {
            bytes = try ConfigurationFile.contents(of: path)
        } catch {
            throw Problem(text: "-D\(property) names a file that is of no use: \(error.message)")
        }
        guard let entry = entry(of: section, in: String(decoding: bytes, as: UTF8.self)) else {
            throw Problem(text: "`\(path)` (-D\(property)) has no entry in a section \(section) { … };")
        }
        return entry
    }

    /// What stands in a section up to its first `;`, without comments.
    static func entry(of section: String, in text: String) -> String? {
        var rest = Substring(withoutComments(text))
        while let brace = rest.firstIndex(of: "{") {
            let name = rest[..<brace].split { $0.isWhitespace || $0 == ";" || $0 == "}" }.last
            let body = rest[rest.index(after: brace)...]
            guard let end = unquoted("}", in: body) else { return nil }
            if name.map(String.init) == section {
                return unquoted(";", in: body[..<end]).map { String(body[...$0]) }
            }
            rest = body[body.index(after: end)...]
        }
        return nil
    }

    /// Where a sign stands outside of quotes.
    private static func unquoted(_ sign: Character, in text: Substring) -> Substring.Index? {
        var isQuoted = false
        var at = text.startIndex
        while at < text.endIndex {
            switch text[at] {
            case "\"": isQuoted.toggle()
            case "\\" where isQuoted: at = text.index(after: at)
            case sign where !isQuoted: return at
            default: break
            }
            if at < text.endIndex { at = text.index(after: at) }
        }
        return nil
    }

    /// Comments of Java's grammar: from `//` to the end of the line, and between `/*` and `*/`.
    private static func withoutComments(_ text: String) -> String {
        var kept = ""
        var isQuoted = false
        var rest = Substring(text)
        while let first = rest.first {
            if !isQuoted, rest.hasPrefix("//") {
                rest = rest.drop { !$0.isNewline }
            } else if !isQuoted, rest.hasPrefix("/*") {
                rest = rest.dropFirst(2)
                while !rest.isEmpty, !rest.hasPrefix("*/") { rest.removeFirst() }
                rest = rest.dropFirst(2)
                kept.append(" ")
            } else {
                kept.append(rest.removeFirst())
                if first == "\"" { isQuoted.toggle() }
                if first == "\\", isQuoted, let next = rest.popFirst() { kept.append(next) }
            }
        }
        return kept
    }
}
