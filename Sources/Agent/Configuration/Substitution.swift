/// Replaces `${…}` in values, by the rules of Apache Commons Text's StringSubstitutor as Flume sets it up (MapResolver):
/// `${env:N}`, `${sys:N}`, `${date:PATTERN}`, `${N}` for another property, `${x:-default}`, `$${x}` for a literal,
/// names may hold references themselves. What cannot be resolved stays as it is written.
package struct Substitution {
    /// Where names are looked up.
    package struct Lookups: Sendable {
        package var systemProperties: [String: String]
        package var environment: [String: String]
        package var now: CalendarTime
        /// `-DpropertiesImplementation=org.apache.flume.node.EnvVarResolverProperties`: a name without prefix that is
        /// no property is an environment variable.
        package var fallsBackToEnvironment: Bool

        package init(systemProperties: [String: String], environment: [String: String], now: CalendarTime) {
            self.systemProperties = systemProperties
            self.environment = environment
            self.now = now
            fallsBackToEnvironment =
                systemProperties["propertiesImplementation"] == "org.apache.flume.node.EnvVarResolverProperties"
        }
    }

    /// References deeper than this, in one value or from property to property, stay literal.
    private static let deepest = 64
    /// A value is not made longer than this, in bytes.
    private static let longest = 1 << 20

    /// All values together are not made longer than this.
    private static let most = 64 << 20

    private enum State {
        case raw
        case open
        case done
    }

    private let lookups: Lookups
    private var properties: [Property]
    private var states: [State]
    private let places: [String: Int]
    private var diagnostics = Diagnostics()
    private var bytesLeft = Self.most
    private var referenced: Set<String> = []
    /// The prefixed names that are being resolved, outermost first.
    private var openNames: [String] = []

    /// Resolves all values in place.
    ///
    /// - Returns: the keys of the properties that others refer to.
    package static func resolve(
        _ properties: inout [Property],
        lookups: Lookups,
        diagnostics: inout Diagnostics
    ) -> Set<String> {
        guard properties.contains(where: { $0.value.utf8.contains(0x24) }) else { return [] }
        var substitution = Substitution(properties, lookups: lookups)
        for index in properties.indices { substitution.resolve(index, depth: 0) }
        properties = substitution.properties
        diagnostics.append(substitution.diagnostics)
        return substitution.referenced
    }

    private init(_ properties: [Property], lookups: Lookups) {
        self.properties = properties
        self.lookups = lookups
        states = properties.map { $0.value.utf8.contains(0x24) ? .raw : .done }
        places = Dictionary(properties.enumerated().map { ($1.key, $0) }) { $1 }
    }

    private mutating func resolve(_ index: Int, depth: Int) {
        guard case .raw = states[index] else { return }
        states[index] = .open
        let before = Array(properties[index].value.utf8)
        let after = replace(before, at: properties[index].valueLocation, depth: depth)
        if after != before {
            properties[index].value = String(decoding: after, as: UTF8.self)
            properties[index].isVerbatim = false
        }
        states[index] = .done
    }

    /// One pass over a text, inner references before outer ones.
    private mutating func replace(_ text: [UInt8], at location: SourceLocation, depth: Int) -> [UInt8] {
        var result: [UInt8] = []
        var position = 0
        while position < text.count {
            guard Self.opens(text, position) else {
                result.append(text[position])
                position += 1
                continue
            }
            if result.last == 0x24, position > 0, text[position - 1] == 0x24 {
                // `$${`: the first dollar is the escape; the rest is text.
                result.removeLast()
                result.append(0x24)
                position += 1
                continue
            }
            guard let end = Self.closing(text, from: position + 2) else {
                result += text[position...]
                break
            }
            let written = Array(text[position...end])
            let inner = Array(text[position + 2..<end])
            position = end + 1
            guard depth < Self.deepest else {
                note("`\(Self.string(written))` nests too deep and stays as it is", at: location)
                result += written
                continue
            }
            let name = replace(inner, at: location, depth: depth + 1)
            if let value = lookUp(name, at: location, depth: depth + 1) {
                if result.count + value.count > Self.longest || value.count > bytesLeft {
                    note("`\(Self.string(written))` stays as it is: the values would grow too long", at: location)
                    result += written
                } else {
                    bytesLeft -= value.count
                    result += value
                }
            } else {
                result += [0x24, 0x7B] + name + [0x7D]
            }
        }
        return result
    }

    private static func opens(_ text: [UInt8], _ position: Int) -> Bool {
        position + 1 < text.count && text[position] == 0x24 && text[position + 1] == 0x7B
    }

    /// The `}` that closes a reference whose name starts at `start`.
    private static func closing(_ text: [UInt8], from start: Int) -> Int? {
        var nested = 0
        var position = start
        while position < text.count {
            if opens(text, position) {
                nested += 1
                position += 2
                continue
            }
            if text[position] == 0x7D {
                if nested == 0 { return position }
                nested -= 1
            }
            position += 1
        }
        return nil
    }

    /// The value for the text between the braces, itself resolved; nil, with a note, when it stays literal.
    private mutating func lookUp(_ expression: [UInt8], at location: SourceLocation, depth: Int) -> [UInt8]? {
        var name = expression
        var fallback: [UInt8]?
        if let colon = expression.indices.dropLast().first(where: {
            expression[$0] == 0x3A && expression[$0 + 1] == 0x2D
        }) {
            name = Array(expression[..<colon])
            fallback = Array(expression[(colon + 2)...])
        }
        var prefix: String?
        var bare = name
        if let colon = name.firstIndex(of: 0x3A) {
            prefix = Self.string(name[..<colon]).lowercased()
            bare = Array(name[(colon + 1)...])
        }
        let key = Self.string(bare)
        if let prefix, let value = value(of: key, prefix: prefix) {
            return replaceValue(value, of: "\(prefix):\(key)", at: location, depth: depth)
        }
        if let index = places[key] {
            if case .open = states[index] {
                note("`${\(Self.string(expression))}` refers to itself and stays as it is", at: location)
                return nil
            }
            referenced.insert(key)
            resolve(index, depth: depth)
            return Array(properties[index].value.utf8)
        }
        if lookups.fallsBackToEnvironment, let value = lookups.environment[key] {
            return replaceValue(value, of: "env:\(key)", at: location, depth: depth)
        }
        if let fallback { return fallback }
        if !ConfigFilters.isReference(expression) {
            noteLiteral(Self.string(expression), prefix: prefix, key: key, at: location)
        }
        return nil
    }

    /// A value from outside may hold references too.
    private mutating func replaceValue(
        _ value: String,
        of name: String,
        at location: SourceLocation,
        depth: Int
    ) -> [UInt8]? {
        guard !openNames.contains(name) else {
            note("`${\(name)}` refers to itself and stays as it is", at: location)
            return nil
        }
        openNames.append(name)
        defer { openNames.removeLast() }
        return replace(Array(value.utf8), at: location, depth: depth)
    }

    private func value(of key: String, prefix: String) -> String? {
        switch prefix {
        case "env": lookups.environment[key]
        case "sys": lookups.systemProperties[key] ?? standardProperty(key)
        case "date": key.isEmpty ? nil : lookups.now.formatted(key)
        default: nil
        }
    }

    /// What a JVM sets without `-D` and a file may well use.
    private func standardProperty(_ key: String) -> String? {
        switch key {
        case "user.home": lookups.environment["HOME"]
        case "user.name": lookups.environment["USER"]
        case "user.dir": lookups.environment["PWD"]
        case "java.io.tmpdir": "/tmp"
        case "file.separator": "/"
        case "path.separator": ":"
        case "line.separator": "\n"
        case "os.name": "Linux"
        default: nil
        }
    }

    private mutating func noteLiteral(_ expression: String, prefix: String?, key: String, at location: SourceLocation) {
        let written = "`${\(expression)}`"
        switch prefix {
        case "env":
            note(
                "\(written) stays as it is: the environment has no `\(key)`",
                at: location,
                advice: "set it, or give a default: `${env:\(key):-…}`"
            )
        case "sys":
            note(
                "\(written) stays as it is: there is no such system property",
                at: location,
                advice: "give `-D\(key)=…`"
            )
        case "java":
            note("\(written) stays as it is: there is no Java here", at: location)
        case "date":
            note("\(written) stays as it is: the date pattern is not known", at: location)
        case .some:
            note("\(written) stays as it is: prefixes are `env`, `sys` and `date`", at: location)
        case nil:
            note(
                "\(written) stays as it is: no property of the files has that name",
                at: location,
                advice: "for an environment variable write `${env:\(key)}`"
            )
        }
    }

    private mutating func note(_ message: String, at location: SourceLocation, advice: String? = nil) {
        diagnostics.note(message, at: location, advice: advice)
    }

    private static func string(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: Array(bytes), as: UTF8.self)
    }
}
