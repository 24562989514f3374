extension AgentValidator {
    private static let replicating = "org.apache.flume.channel.ReplicatingChannelSelector"
    private static let multiplexing = "org.apache.flume.channel.MultiplexingChannelSelector"

    mutating func checkSources() {
        let valid = Set(channels.map(\.name))
        for component in listed(.sources) {
            guard let source = source(component, valid: valid) else {
                drop(component.name, of: .sources)
                continue
            }
            sources.append(source)
        }
    }

    private mutating func source(_ component: RawAgent.Component, valid: Set<String>) -> AgentConfiguration.Source? {
        let parts = ["interceptors.", "selector."]
        let found = settings(of: component, kind: .source, section: .sources, inner: parts)
        let prefix = "\(raw.name).sources.\(component.name)."
        // All are asked before any answer counts, so that every fault of the source is told at once.
        let channels = sourceChannels(component, prefix: prefix, valid: valid)
        let interceptors = interceptors(component, prefix: prefix)
        let selector = selector(component, prefix: prefix, channels: channels)
        guard let (settings, entry) = found, let channels, let interceptors, let selector else { return nil }
        batchSizes["source \(component.name)"] = entry.batchSize
        return AgentConfiguration.Source(
            settings: settings,
            channels: channels,
            selector: selector,
            interceptors: interceptors
        )
    }

    /// The channels that exist; unknown ones are faults, and none left drops the source.
    private mutating func sourceChannels(
        _ component: RawAgent.Component,
        prefix: String,
        valid: Set<String>
    ) -> [String]? {
        guard let list = component.settings["channels"] else {
            let near = component.settings["channel"].map { _ in "a source's key is `channels`, a sink's is `channel`" }
            diagnostics.fault(
                "`\(prefix)channels` is missing; source `\(component.name)` needs it",
                at: component.place,
                advice: near
            )
            return nil
        }
        var result: [String] = []
        var seen: Set<String> = []
        var isCascade = false
        for (name, location) in list.words {
            if valid.contains(name) {
                if !seen.insert(name).inserted {
                    diagnostics.note("`\(prefix)channels` names `\(name)` twice", at: location)
                } else {
                    result.append(name)
                }
            } else if isBroken(name, .channels) {
                isCascade = true
            } else {
                faultUnknown(name, of: .channels, by: "source `\(component.name)`", in: list, at: location)
            }
        }
        if result.isEmpty {
            if isCascade {
                drop(component.name, of: .sources, because: "none of its channels can be made", at: list.location)
            }
            return nil
        }
        return result
    }

    private mutating func interceptors(_ component: RawAgent.Component, prefix: String) -> [ComponentSettings]? {
        let groups = Self.grouped(component.settings, under: "interceptors.")
        var result: [ComponentSettings] = []
        var isComplete = true
        var seen: Set<String> = []
        let list = component.settings["interceptors"]
        for (name, location) in list?.words ?? [] {
            guard seen.insert(name).inserted else {
                diagnostics.note("`\(prefix)interceptors` names `\(name)` twice; it runs twice", at: location)
                if let twin = result.first(where: { $0.name == name }) { result.append(twin) }
                continue
            }
            guard let values = groups[name] else {
                isComplete = false
                seen.formUnion(Self.commaParts(name))
                faultInterceptor(name, list: list, at: location, known: groups.keys.sorted())
                continue
            }
            let found = settings(
                name: name,
                kind: .interceptor,
                prefix: "\(prefix)interceptors.\(name).",
                location: values["type"]?.keyLocation ?? location,
                values: values,
                own: values
            )
            if let found { result.append(found.settings) } else { isComplete = false }
        }
        for name in groups.keys.sorted() where !seen.contains(name) {
            let first = groups[name]?.values.map(\.keyLocation).min { ($0.line, $0.column) < ($1.line, $1.column) }
            diagnostics.note("interceptor `\(name)` is not in `\(prefix)interceptors` and does not run", at: first)
        }
        return isComplete ? result : nil
    }

    private mutating func faultInterceptor(_ name: String, list: Setting?, at location: SourceLocation, known: [String])
    {
        if name.utf8.contains(0x2C), let list {
            faultComma(name, in: list, at: location, noun: "interceptor")
        } else {
            diagnostics.fault(
                "interceptor `\(name)` is listed but has no settings",
                at: location,
                advice: hints.advice(for: name, among: known)
            )
        }
    }

    private mutating func selector(
        _ component: RawAgent.Component,
        prefix: String,
        channels: [String]?
    ) -> ComponentSettings? {
        var values = Self.values(component.settings, under: "selector.")
        let type = values.removeValue(forKey: "type")
        let typeName = type?.value ?? "replicating"
        var className = Self.replicating
        var entry: TypeEntry?
        switch resolver.resolve(typeName, kind: .channelSelector) {
        case .success(let found):
            className = found.className
            entry = found
        case .failure(let fault):
            if let type {
                diagnostics.fault(fault.message, at: type.location, advice: fault.advice)
                return nil
            }
        }
        let settings = ComponentSettings(
            kind: .channelSelector,
            name: component.name,
            type: typeName,
            className: className,
            prefix: prefix + "selector.",
            location: type?.keyLocation ?? component.place,
            values: values
        )
        if let entry, !checkKeys(values, of: settings, entry: entry, common: []) { return nil }
        guard let channels else { return settings }
        return checkSelectorChannels(settings, channels: channels) ? settings : nil
    }

    /// The channels that a selector of Flume's names must be among those of its source.
    private mutating func checkSelectorChannels(_ settings: ComponentSettings, channels: [String]) -> Bool {
        var isGood = true
        for (key, setting) in settings.values {
            let names: [(text: String, location: SourceLocation)]
            switch settings.className {
            case Self.replicating where key == "optional":
                names = setting.words
            case Self.multiplexing where key == "default" || key.hasPrefix("mapping.") || key.hasPrefix("optional."):
                // Flume splits at each single blank: two in a row make an empty name.
                if setting.value.contains("  ") {
                    isGood = false
                    diagnostics.fault(
                        "`\(settings.fullKey(key))` holds two blanks in a row, which Flume reads as a channel without a name",
                        at: setting.location,
                        advice: "separate names with one blank"
                    )
                }
                names = setting.words { $0 == 0x20 }
            default: continue
            }
            for (name, location) in names where !channels.contains(name) {
                isGood = false
                guard !isBroken(name, .channels) else {
                    drop(settings.name, of: .sources, because: "its selector names `\(name)`", at: location)
                    continue
                }
                diagnostics.fault(
                    "`\(settings.fullKey(key))` names channel `\(name)`, which is not one of source `\(settings.name)`",
                    at: location,
                    advice: hints.advice(for: name, among: channels)
                        ?? "its channels are \(channels.map { "`\($0)`" }.joined(separator: ", "))"
                )
            }
        }
        return isGood
    }
}
