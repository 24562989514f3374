extension AgentValidator {
    /// Keys that every component of a kind may have, whatever its type.
    static func commonKeys(_ kind: ComponentKind) -> [KeySpec] {
        // `config` named a class of Flume that checks settings; it is accepted and does nothing.
        let shared = [KeySpec("type"), KeySpec("config")]
        switch kind {
        case .source: return shared + [KeySpec("channels"), KeySpec("interceptors")]
        case .sink: return shared + [KeySpec("channel")]
        case .sinkGroup: return [KeySpec("sinks"), KeySpec("config")]
        default: return shared
        }
    }

    /// Finds the type of a component and checks its keys; nil, after a fault, when it cannot be made.
    mutating func settings(
        of component: RawAgent.Component,
        kind: ComponentKind,
        section: RawAgent.Section,
        inner: [String] = []
    ) -> (settings: ComponentSettings, entry: TypeEntry)? {
        let prefix = "\(raw.name).\(section.rawValue).\(component.name)."
        var own = component.settings
        if !inner.isEmpty { own = own.filter { key, _ in !inner.contains { key.hasPrefix($0) } } }
        return settings(
            name: component.name,
            kind: kind,
            prefix: prefix,
            location: component.place,
            values: component.settings,
            own: own
        )
    }

    /// - Parameters:
    ///   - values: all values, for the component.
    ///   - own: those that its type must know.
    mutating func settings(
        name: String,
        kind: ComponentKind,
        prefix: String,
        location: SourceLocation,
        values: [String: Setting],
        own: [String: Setting]
    ) -> (settings: ComponentSettings, entry: TypeEntry)? {
        guard let type = values["type"] else {
            let advice = hints.nearest(to: "type", among: values.keys.sorted()).map { "`\(prefix)\($0)` looks like it" }
            diagnostics.fault(
                "`\(prefix)type` is missing; \(kind.noun) `\(name)` needs it",
                at: location,
                advice: advice
            )
            return nil
        }
        let entry: TypeEntry
        switch resolver.resolve(type.value, kind: kind) {
        case .success(let found): entry = found
        case .failure(let fault):
            diagnostics.fault(fault.message, at: type.location, advice: fault.advice)
            return nil
        }
        let settings = ComponentSettings(
            kind: kind,
            name: name,
            type: type.value,
            className: entry.className,
            prefix: prefix,
            location: location,
            values: values
        )
        guard checkKeys(own, of: settings, entry: entry, common: Self.commonKeys(kind)) else { return nil }
        return (settings, entry)
    }

    /// Notes keys that the type does not know or use; false, after faults, when one that it needs is missing.
    mutating func checkKeys(
        _ values: [String: Setting],
        of component: ComponentSettings,
        entry: TypeEntry,
        common: [KeySpec]
    ) -> Bool {
        let specs = entry.keys + common
        let exact = Dictionary(specs.map { ($0.name, $0) }) { first, _ in first }
        let wildcards = specs.filter { $0.prefix != nil }
        var parts: [String: [String: Setting]] = [:]
        for spec in specs { if case .type = spec.form { parts[spec.name] = [:] } }
        var unknown: [String] = []
        for (key, setting) in values {
            if let spec = exact[key] ?? wildcards.first(where: { $0.prefix.map(key.hasPrefix) ?? false }) {
                checkForm(spec, key: component.fullKey(key), setting)
            } else if let part = parts.keys.first(where: { key.hasPrefix($0 + ".") }) {
                parts[part]?[String(key.dropFirst(part.count + 1))] = setting
            } else {
                unknown.append(key)
            }
        }
        let title = "\(entry.alias.map { "\($0) " } ?? "")\(component.kind.noun) `\(component.name)`"
        for key in unknown.sorted() {
            diagnostics.note(
                "unknown key `\(component.fullKey(key))` of \(title)",
                at: values[key]?.keyLocation,
                advice: nearestKey(to: key, among: specs).map { "did you mean `\($0)`?" }
            )
        }
        var isComplete = true
        for spec in entry.keys where spec.isRequired {
            let isSet =
                spec.prefix.map { prefix in values.keys.contains { $0.hasPrefix(prefix) } }
                ?? (values[spec.name] != nil)
            guard !isSet else { continue }
            isComplete = false
            let near = hints.nearest(to: spec.name, among: unknown.sorted())
            let fault = component.missing(spec.name, advice: near.map { "`\(component.fullKey($0))` looks like it" })
            diagnostics.add(fault.diagnostic)
        }
        for spec in specs {
            guard case .type(let kind) = spec.form else { continue }
            let isGood = checkPart(
                spec,
                kind: kind,
                of: component,
                type: values[spec.name],
                values: parts[spec.name] ?? [:]
            )
            isComplete = isGood && isComplete
        }
        return isComplete
    }

    private mutating func checkForm(_ spec: KeySpec, key: String, _ setting: Setting) {
        if let reason = spec.withoutEffect {
            diagnostics.note("`\(key)` has no effect: \(reason)", at: setting.keyLocation)
        }
        if case .boolean = spec.form, !["true", "false"].contains(setting.value.lowercased()) {
            diagnostics.note(
                "`\(key)` is `\(setting.value)`, which means false, as in Flume",
                at: setting.location,
                advice: "write `true` or `false`"
            )
        }
    }

    /// Checks the type that a key names, and the keys below it.
    private mutating func checkPart(
        _ spec: KeySpec,
        kind: ComponentKind,
        of component: ComponentSettings,
        type: Setting?,
        values: [String: Setting]
    ) -> Bool {
        guard let name = type?.value ?? spec.defaultType else { return true }
        switch resolver.resolve(name, kind: kind) {
        case .success(let entry):
            let part = ComponentSettings(
                kind: kind,
                name: component.name,
                type: name,
                className: entry.className,
                prefix: component.fullKey(spec.name) + ".",
                location: type?.location ?? component.location,
                values: values
            )
            return checkKeys(values, of: part, entry: entry, common: [])
        case .failure(let fault):
            guard let type else { return true }
            diagnostics.fault(fault.message, at: type.location, advice: fault.advice)
            return false
        }
    }

    /// The key that was meant, also where only the words before a `*` are mistyped: `kafka.producr.acks`.
    private mutating func nearestKey(to key: String, among specs: [KeySpec]) -> String? {
        if let name = hints.nearest(to: key, among: specs.filter { $0.prefix == nil }.map(\.name)) { return name }
        for spec in specs {
            guard let prefix = spec.prefix, prefix.hasSuffix(".") else { continue }
            let wanted = prefix.split(separator: ".").count
            let words = key.split(separator: ".", omittingEmptySubsequences: false)
            guard words.count > wanted else { continue }
            let start = words[..<wanted].joined(separator: ".") + "."
            if hints.nearest(to: start, among: [String(prefix)]) != nil {
                return prefix + words[wanted...].joined(separator: ".")
            }
        }
        return nil
    }

    /// The values whose keys begin with `start`, by the next word: `interceptors.i1.type` under `i1`, then `type`.
    static func grouped(_ values: [String: Setting], under start: String) -> [String: [String: Setting]] {
        var groups: [String: [String: Setting]] = [:]
        for (key, setting) in values where key.hasPrefix(start) {
            let rest = key.dropFirst(start.count)
            guard let dot = rest.firstIndex(of: ".") else { continue }
            groups[String(rest[..<dot]), default: [:]][String(rest[rest.index(after: dot)...])] = setting
        }
        return groups
    }

    /// The values whose keys begin with `start`, without it.
    static func values(_ values: [String: Setting], under start: String) -> [String: Setting] {
        var inner: [String: Setting] = [:]
        for (key, setting) in values where key.hasPrefix(start) { inner[String(key.dropFirst(start.count))] = setting }
        return inner
    }
}
