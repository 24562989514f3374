/// Reads single keys of a component and collects what is to be said about them.
struct SettingsReader {
    let values: [String: String]
    private let places: [String: String]
    private(set) var notes: [SettingsNote] = []
    private(set) var faults: [SettingsNote] = []
    private var sources: [String: String] = [:]
    private var unknown: Set<String> = []

    init(_ values: [String: String], locate: (String) -> String) {
        self.values = values
        var places: [String: String] = [:]
        for key in values.keys { places[key] = locate(key) }
        for key in ["kafka.bootstrap.servers"] where places[key] == nil { places[key] = locate(key) }
        self.places = places
    }

    mutating func note(_ key: String, _ text: String) {
        notes.append(SettingsNote(key: key, message: message(key, text)))
    }

    mutating func fault(_ key: String, _ text: String) {
        faults.append(SettingsNote(key: key, message: message(key, text)))
    }

    private func message(_ key: String, _ text: String) -> String {
        let place = places[key] ?? ""
        return place.isEmpty ? "\(key) \(text)" : "\(place): \(key) \(text)"
    }

    /// A key's value, or that of the name it had in older versions.
    mutating func text(_ key: String, deprecated: String? = nil) -> String? {
        if let value = values[key] { return value }
        guard let deprecated else { return nil }
        return text(deprecated, replacedBy: key)
    }

    /// The value of an old name, with a note that says the new one.
    mutating func text(_ old: String, replacedBy key: String) -> String? {
        guard let value = values[old] else { return nil }
        note(old, "is deprecated; write \(key)")
        return value
    }

    /// A whole number of 1 or more.
    mutating func count(_ key: String, replacedBy newer: String? = nil) -> Int? {
        guard let text = values[key] else { return nil }
        if let newer { note(key, "is deprecated; write \(newer)") }
        guard let number = Int32(text), number >= 1 else {
            fault(key, "is \"\(text)\"; a whole number from 1 to \(Int32.max) is needed")
            return nil
        }
        return Int(number)
    }

    /// java.lang.Boolean.parseBoolean: everything but `true`, in any case, is false.
    mutating func flag(_ key: String) -> Bool? {
        guard let text = values[key]?.lowercased() else { return nil }
        if text != "true" && text != "false" { note(key, "is \"\(text)\", which counts as false; write true or false") }
        return text == "true"
    }

    /// Remembers which key a librdkafka property came from.
    mutating func remember(_ name: String, from key: String) { sources[name] = key }

    func isUnknown(_ name: String) -> Bool { unknown.contains(name) }

    /// Asks librdkafka about every property, without making a client.
    mutating func tryOut(_ options: [ClientOption]) {
        let configuration = ClientConfiguration()
        for option in options {
            let key = sources[option.name] ?? option.name
            do throws(ClientConfiguration.Refusal) {
                try configuration.set(option)
            } catch {
                switch error {
                case .unknown:
                    note(key, "is no property of librdkafka's (\(option.name)); it is ignored")
                    unknown.insert(option.name)
                case .invalid(let text):
                    fault(key, "cannot be used: \(text)")
                }
            }
        }
    }
}
