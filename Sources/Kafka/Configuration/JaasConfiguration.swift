/// One entry of JAAS as `sasl.jaas.config` holds it: `package.Module required key="value" key=value;`.
///
/// Grammar: java.security's Configuration file, one login module; in quotes a backslash takes the next character as it is.
struct JaasConfiguration: Equatable {
    /// The class without its package.
    let module: String
    let options: [String: String]

    struct Problem: Error, Equatable {
        let text: String
    }

    init(_ text: String) throws(Problem) {
        var words = try Self.words(text)
        guard words.last?.text == ";", words.last?.isQuoted == false else {
            throw Problem(text: "it does not end with ;")
        }
        words.removeLast()
        guard words.count >= 2 else { throw Problem(text: "a login module and required are expected") }
        module = words[0].text.split(separator: ".").last.map(String.init) ?? words[0].text
        var options: [String: String] = [:]
        var rest = words[2...]
        while let key = rest.popFirst() {
            guard let sign = rest.popFirst(), sign.text == "=", let value = rest.popFirst() else {
                throw Problem(text: "after \"\(key.text)\" an = and a value are expected")
            }
            options[key.text] = value.text
        }
        self.options = options
    }

    /// librdkafka's properties for this login; none where it has no counterpart for the module.
    var librdkafka: [ClientOption] {
        func option(_ name: String, _ key: String) -> ClientOption? {
            options[key].map { ClientOption(name, $0) }
        }
        switch module {
        case "PlainLoginModule", "ScramLoginModule":
            guard let user = option("sasl.username", "username"), let password = option("sasl.password", "password")
            else { return [] }
            return [user, password]
        case "Krb5LoginModule":
            return [
                option("sasl.kerberos.principal", "principal"),
                option("sasl.kerberos.keytab", "keyTab"),
                option("sasl.kerberos.service.name", "serviceName"),
                // A ticket that somebody else keeps fresh.
                options["useTicketCache"] == "true" ? ClientOption("sasl.kerberos.kinit.cmd", "") : nil,
            ].compactMap { $0 }
        case "OAuthBearerLoginModule":
            guard let id = option("sasl.oauthbearer.client.id", "clientId") else { return [] }
            return [
                ClientOption("sasl.oauthbearer.method", "oidc"), id,
                option("sasl.oauthbearer.client.secret", "clientSecret"),
                option("sasl.oauthbearer.scope", "scope"),
            ].compactMap { $0 }
        default: return []
        }
    }

    private static func words(_ text: String) throws(Problem) -> [(text: String, isQuoted: Bool)] {
        var words: [(text: String, isQuoted: Bool)] = []
        var rest = Substring(text)
        while let first = rest.first {
            switch first {
            case " ", "\t", "\n", "\r":
                rest.removeFirst()
            case "=", ";":
                words.append((String(rest.removeFirst()), false))
            case "\"":
                rest.removeFirst()
                words.append((try quoted(&rest), true))
            default:
                let word = rest.prefix { !" \t\n\r=;\"".contains($0) }
                words.append((String(word), false))
                rest.removeFirst(word.count)
            }
        }
        return words
    }

    private static func quoted(_ rest: inout Substring) throws(Problem) -> String {
        var text = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return text
            case "\\": if let next = rest.popFirst() { text.append(next) }
            default: text.append(character)
            }
        }
        throw Problem(text: "a quote is not closed")
    }
}
