extension AgentValidator {
    private static let processors = "org.apache.flume.sink."

    mutating func checkGroups() {
        // In which group each sink is.
        var taken: [String: String] = [:]
        let valid = Set(sinks.map(\.name))
        for component in listed(.sinkGroups) {
            guard let names = members(of: component, valid: valid, taken: &taken), !names.isEmpty else {
                drop(component.name, of: .sinkGroups)
                continue
            }
            noteChannels(of: component, names)
            guard let group = group(component, names) else {
                // As Flume: it fails when the group is built, its sinks are taken already.
                drop(component.name, of: .sinkGroups)
                for name in names {
                    drop(name, of: .sinks, because: "its group `\(component.name)` cannot be made", at: component.place)
                }
                let dropped = Set(names)
                sinks.removeAll { dropped.contains($0.name) }
                continue
            }
            groups.append(group)
        }
    }

    /// The sinks of a group that exist and are in no other; nil, after a fault, when it names none.
    private mutating func members(
        of component: RawAgent.Component,
        valid: Set<String>,
        taken: inout [String: String]
    ) -> [String]? {
        guard let list = component.settings["sinks"] else {
            diagnostics.fault(
                "`\(raw.name).sinkgroups.\(component.name).sinks` is missing; sink group `\(component.name)` needs it",
                at: component.place
            )
            return nil
        }
        var names: [String] = []
        var seen: Set<String> = []
        var isCascade = false
        for (name, location) in list.words {
            if !seen.insert(name).inserted {
                diagnostics.note("sink group `\(component.name)` names `\(name)` twice", at: location)
            } else if let other = taken[name] {
                diagnostics.fault("sink `\(name)` is in two groups, `\(other)` and `\(component.name)`", at: location)
            } else if valid.contains(name) {
                taken[name] = component.name
                names.append(name)
            } else if isBroken(name, .sinks) {
                isCascade = true
            } else {
                faultUnknown(name, of: .sinks, by: "sink group `\(component.name)`", in: list, at: location)
            }
        }
        if names.isEmpty, isCascade {
            drop(component.name, of: .sinkGroups, because: "none of its sinks can be made", at: list.location)
        }
        return names
    }

    private mutating func noteChannels(of component: RawAgent.Component, _ names: [String]) {
        guard Set(names.map { channelOfSink[$0] }).count > 1 else { return }
        diagnostics.note(
            "the sinks of group `\(component.name)` read different channels; those of each channel form a group of their own",
            at: component.settings["sinks"]?.location
        )
    }

    private mutating func group(_ component: RawAgent.Component, _ names: [String]) -> AgentConfiguration.SinkGroup? {
        let prefix = "\(raw.name).sinkgroups.\(component.name)."
        let values = Self.values(component.settings, under: "processor.")
        let settings = ComponentSettings(
            kind: .sinkGroup,
            name: component.name,
            type: "",
            className: "",
            prefix: prefix,
            location: component.place,
            values: component.settings
        )
        let own = component.settings.filter { !$0.key.hasPrefix("processor.") }
        _ = checkKeys(own, of: settings, entry: TypeEntry(className: "", keys: []), common: Self.commonKeys(.sinkGroup))
        let found = self.settings(
            name: component.name,
            kind: .sinkProcessor,
            prefix: prefix + "processor.",
            location: values["type"]?.keyLocation ?? component.place,
            values: values,
            own: values
        )
        guard let processor = found?.settings else { return nil }
        // Faults of members that fell out are told already; the count that the file gives is what counts here.
        let written = Set(component.settings["sinks"]?.words.map(\.text) ?? []).count
        switch processor.className {
        case Self.processors + "DefaultSinkProcessor" where written != 1:
            diagnostics.fault(
                "a group with the processor `default` has one sink, `\(component.name)` has \(written)",
                at: processor.location(of: "type"),
                advice: "use `failover` or `load_balance`"
            )
            return nil
        case Self.processors + "LoadBalancingSinkProcessor" where written < 2:
            diagnostics.fault(
                "a group with the processor `load_balance` needs two sinks or more, `\(component.name)` has \(written)",
                at: processor.location(of: "type"),
                advice: "leave the group out: a sink alone needs none"
            )
            return nil
        case Self.processors + "FailoverSinkProcessor":
            return failover(settings, processor, names)
        default:
            return AgentConfiguration.SinkGroup(settings: settings, sinks: names, processor: processor)
        }
    }

    /// Gives every member its priority. Members without one get -1, -2, … in the order of `sinks`; Flume gives the same
    /// numbers in hash order. Of two with the same, Flume leaves the later one out.
    private mutating func failover(
        _ settings: ComponentSettings,
        _ processor: ComponentSettings,
        _ names: [String]
    ) -> AgentConfiguration.SinkGroup {
        var processor = processor
        var owners: [Int: String] = [:]
        var members: [String] = []
        var next = 0
        for name in names {
            let key = "priority.\(name)"
            let place = processor.location(of: key)
            let priority: Int
            if let number = try? processor.requiredInt(key) {
                priority = number
            } else {
                next -= 1
                priority = next
                let written = processor.string(key).map { "`\(processor.fullKey(key))` is `\($0)`, not a number" }
                diagnostics.note(
                    "\(written ?? "sink `\(name)` of failover group `\(settings.name)` has no priority"); it gets \(priority)",
                    at: processor.values[key]?.location ?? settings.location(of: "sinks"),
                    advice: written == nil ? "set `\(processor.fullKey(key))`" : nil
                )
            }
            if let owner = owners[priority] {
                diagnostics.fault(
                    "sinks `\(owner)` and `\(name)` of failover group `\(settings.name)` have the same priority \(priority)",
                    at: place,
                    advice: "give each its own; the higher goes first"
                )
                drop(name, of: .sinks)
                sinks.removeAll { $0.name == name }
                continue
            }
            owners[priority] = name
            members.append(name)
            let keyPlace = processor.values[key]?.keyLocation ?? settings.location
            if let keyPlace {
                let setting = Setting(value: String(priority), keyLocation: keyPlace, location: place ?? keyPlace)
                processor.set(key, to: setting)
            }
        }
        let known = Set(settings.list("sinks"))
        for key in processor.keys where key.hasPrefix("priority.") && !known.contains(String(key.dropFirst(9))) {
            let name = String(key.dropFirst(9))
            diagnostics.note(
                "`\(processor.fullKey(key))` has no effect: `\(name)` is not in group `\(settings.name)`",
                at: processor.values[key]?.keyLocation,
                advice: hints.advice(for: name, among: names)
            )
        }
        return AgentConfiguration.SinkGroup(settings: settings, sinks: members, processor: processor)
    }
}
