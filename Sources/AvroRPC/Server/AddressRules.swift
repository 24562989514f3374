/// Flume's `ipFilterRules`: who may connect. The first rule that matches decides; where none does, all may.
///
/// `allow|deny` `:` `ip|name` `:` pattern, with commas between (AvroSource.generateRule and PatternRule of Flume 1.11).
/// `ip` is compared with the textual address as Java writes it, `name` with the name that a reverse look-up gives.
package struct AddressRules: Hashable, Sendable {
    /// A rule that cannot be read, and where it begins, in bytes of the text.
    package struct Malformed: Error, Hashable, Sendable {
        package var rule: String
        package var offset: Int
        package var reason: String
    }

    /// What an address alone does not tell.
    struct Facts: Hashable {
        /// What a reverse look-up gives; the address itself where it gives nothing.
        var name: String
        /// Whether the address is the machine's own.
        var isLocal: Bool
    }

    enum Decision: Hashable {
        case allowed(Bool)
        case needsFacts
    }

    private enum Subject: Hashable {
        case ip
        case name
        /// `name:localhost`: 127.0.0.1 and the machine's own address, whatever they are called.
        case localhost
    }

    private struct Rule: Hashable {
        var allows: Bool
        var subject: Subject
        var pattern: AddressPattern
    }

    private var rules: [Rule] = []

    package init(_ text: String) throws(Malformed) {
        var offset = 0
        var parts = text.split(separator: ",", omittingEmptySubsequences: false)
        // As Java's split does.
        while parts.last?.isEmpty == true { parts.removeLast() }
        for part in parts {
            let blanks = part.utf8.prefix { $0 <= 0x20 }.count
            let rule = String(decoding: part.utf8.dropFirst(blanks), as: UTF8.self)
            let end = rule.utf8.lastIndex { $0 > 0x20 }.map { rule.utf8.index(after: $0) } ?? rule.startIndex
            do throws(RuleFault) {
                rules.append(try Self.read(String(rule[..<end])))
            } catch {
                throw Malformed(rule: String(rule[..<end]), offset: offset + blanks, reason: error.reason)
            }
            offset += part.utf8.count + 1
        }
    }

    private struct RuleFault: Error {
        var reason: String
    }

    private static func read(_ text: String) throws(RuleFault) -> Rule {
        let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "allow" || parts[0] == "deny", parts[1] == "ip" || parts[1] == "name"
        else { throw RuleFault(reason: "is not `allow` or `deny`, `:`, `ip` or `name`, `:` and a pattern") }
        guard let pattern = AddressPattern(String(parts[2])) else {
            throw RuleFault(reason: "has a pattern that is no regular expression")
        }
        let subject: Subject = parts[1] == "ip" ? .ip : parts[2] == "localhost" ? .localhost : .name
        return Rule(allows: parts[0] == "allow", subject: subject, pattern: pattern)
    }

    /// - Parameters:
    ///   - address: as Java writes it.
    ///   - facts: `nil`: nobody has asked yet.
    func decide(_ address: String, _ facts: Facts?) -> Decision {
        for rule in rules {
            switch rule.subject {
            case .ip:
                if rule.pattern.matches(address) { return .allowed(rule.allows) }
            case .localhost:
                if address == "127.0.0.1" { return .allowed(rule.allows) }
                guard let facts else { return .needsFacts }
                if facts.isLocal { return .allowed(rule.allows) }
            case .name:
                guard let facts else { return .needsFacts }
                if rule.pattern.matches(facts.name) { return .allowed(rule.allows) }
            }
        }
        return .allowed(true)
    }
}
