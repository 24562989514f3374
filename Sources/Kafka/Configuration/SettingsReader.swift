internal import Agent

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
        // Spoken of where they are missing, too.
        for key in ["kafka.bootstrap.servers", "kafka.topics", "kafka.producer.acks"] where places[key] == nil {
            places[key] = locate(key)
        }
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

    /// Faults a name that no topic may have. `verb` says what the key does with it.
    mutating func checkTopic(_ name: String, of key: String, _ verb: String = "is") {
        if !TopicTable.isAllowed(name) { fault(key, "\(verb) \"\(name)\", which \(TopicTable.isNoName)") }
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

    /// The brokers, which every component must name. ZooKeeper, where Flume looked them up, is not asked.
    mutating func brokers() -> String {
        let servers = text("kafka.bootstrap.servers", deprecated: "brokerList") ?? ""
        if values["zookeeperConnect"] != nil {
            if servers.isEmpty {
                fault(
                    "zookeeperConnect",
                    "names ZooKeeper, which is not asked; write kafka.bootstrap.servers = host:port,host:port"
                )
                return ""
            }
            note("zookeeperConnect", "has no effect: ZooKeeper is not asked, and no offsets are taken over from it")
        } else if servers.isEmpty {
            fault("kafka.bootstrap.servers", "is missing; name the brokers as host:port,host:port")
        }
        if values["migrateZookeeperOffsets"] != nil, values["zookeeperConnect"] == nil {
            note("migrateZookeeperOffsets", "has no effect: no offsets are taken over from ZooKeeper")
        }
        return servers
    }

    /// A client's properties, `defaults` first, and its key and trust stores, from the keys behind the role's prefix.
    ///
    /// - Parameters:
    ///   - left: names that the component takes itself.
    ///   - added: properties that stand under other keys, for what the file does not say.
    mutating func client(
        _ role: JavaClientKey.Role,
        defaults: [ClientOption],
        without left: Set<String> = [],
        adding added: [String: String] = [:],
        process: ProcessSettings
    ) -> (options: [ClientOption], stores: ClientStores) {
        var properties = added
        for (key, value) in values where key.hasPrefix(role.prefix) {
            let name = String(key.dropFirst(role.prefix.count))
            if !left.contains(name) { properties[name] = value }
        }
        let logins = ["sasl.jaas.config", "sasl.username", "sasl.kerberos.principal"]
        if properties["security.protocol"]?.uppercased().hasPrefix("SASL_") == true,
            logins.allSatisfy({ properties[$0] == nil })
        {
            do throws(JaasFile.Problem) {
                properties["sasl.jaas.config"] = try JaasFile.login(of: process)
            } catch {
                fault(role.prefix + "sasl.jaas.config", "is not set, and \(error.text)")
            }
        }
        let translated = JavaClientOptions(properties, for: role)
        for (name, text) in translated.notes { note(role.prefix + name, text) }
        for (name, text) in translated.faults { fault(role.prefix + name, text) }
        var options = defaults
        for (source, option) in translated.options {
            remember(option.name, from: role.prefix + source)
            options.append(option)
        }
        var stores = translated.stores
        if ["SSL", "SASL_SSL"].contains(properties["security.protocol"] ?? "") { stores.fill(from: process) }
        tryOut(options)
        options.removeAll { isUnknown($0.name) }
        return (options, stores)
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
