/// Checks one agent and builds its model, in Flume's order: filters, channels, sources, sinks, groups.
///
/// It always goes on to the end: a fault drops the component, and what hangs on it. Whether what is left may run is for
/// the caller to say. What is dropped only because something else was gets no remark of its own unless `isLenient`.
struct AgentValidator {
    var raw: RawAgent
    let resolver: TypeResolver
    let isLenient: Bool

    var diagnostics = Diagnostics()
    var hints = Hints()
    var channels: [ComponentSettings] = []
    var limits: [String: TypeEntry.Limits] = [:]
    var sources: [AgentConfiguration.Source] = []
    var sinks: [AgentConfiguration.Sink] = []
    var groups: [AgentConfiguration.SinkGroup] = []
    /// Names that were listed, or meant to be, and fell out: what refers to them needs no remark of its own.
    var broken: [RawAgent.Section: Set<String>] = [:]
    /// The names of each list.
    var listedNames: [RawAgent.Section: [String]] = [:]
    /// Where a comma was found in a list: one fault each is enough.
    var commaLists: Set<SourceLocation> = []
    /// By kind and name: `sink k1`.
    var batchSizes: [String: TypeEntry.Count] = [:]
    var channelOfSink: [String: String] = [:]

    init(_ raw: RawAgent, catalog: TypeCatalog, isLenient: Bool) {
        self.raw = raw
        resolver = TypeResolver(catalog: catalog)
        self.isLenient = isLenient
    }

    /// The model, nil when nothing is left that could run.
    mutating func validate(filters context: FilterContext) -> AgentConfiguration? {
        diagnostics.append(raw.diagnostics)
        applyFilters(context)
        guard raw.lists[.channels] != nil else {
            let written = raw.components[.channels]?.keys.sorted().joined(separator: " ")
            diagnostics.fault(
                "agent `\(raw.name)` has no channels",
                at: raw.location,
                advice: "write `\(raw.name).channels = \(written ?? "c1")`"
            )
            return nil
        }
        checkChannels()
        checkSources()
        checkSinks()
        checkGroups()
        dropUnconnectedChannels()
        noteLargeBatches()
        if raw.lists[.sources] == nil, raw.lists[.sinks] == nil {
            diagnostics.fault("agent `\(raw.name)` has neither sources nor sinks", at: raw.location)
        }
        guard !channels.isEmpty, !(sources.isEmpty && sinks.isEmpty) else { return nil }
        return AgentConfiguration(name: raw.name, channels: channels, sources: sources, sinks: sinks, groups: groups)
    }

    /// The listed components of a section that are configured. Names that are not are faults, components that are not
    /// listed are notes.
    mutating func listed(_ section: RawAgent.Section) -> [RawAgent.Component] {
        let components = raw.components[section] ?? [:]
        var result: [RawAgent.Component] = []
        var seen: Set<String> = []
        if let list = raw.lists[section] {
            // Flume splits this one list at the blank alone, the others at any white space.
            let words = section == .sinkGroups ? list.words { $0 == 0x20 } : list.words
            listedNames[section] = words.map(\.text)
            // A typing error most often leaves both names: one listed, one configured.
            let unlisted = Set(components.keys).subtracting(words.map(\.text)).sorted()
            for (name, location) in words {
                guard seen.insert(name).inserted else {
                    diagnostics.note("`\(raw.name).\(section.rawValue)` names `\(name)` twice", at: location)
                    continue
                }
                if let component = components[name] {
                    result.append(component)
                    continue
                }
                broken[section, default: []].insert(name)
                if hasComma(name, in: list, at: location, of: section) {
                    seen.formUnion(Self.commaParts(name))
                    continue
                }
                diagnostics.fault(
                    "\(section.noun) `\(name)` is listed but has no settings",
                    at: location,
                    advice: hints.advice(for: name, among: unlisted)
                        ?? "no key begins with `\(raw.name).\(section.rawValue).\(name).`"
                )
            }
        }
        for name in components.keys.sorted() where !seen.contains(name) {
            diagnostics.note(
                "\(section.noun) `\(name)` is not in `\(raw.name).\(section.rawValue)` and does not run",
                at: components[name]?.location
            )
        }
        return result
    }

    /// Whether a name that leads nowhere holds a comma, which separates nothing in Flume; then that is the fault.
    mutating func hasComma(
        _ name: String,
        in list: Setting,
        at location: SourceLocation,
        of section: RawAgent.Section
    ) -> Bool {
        guard name.utf8.contains(0x2C) else { return false }
        broken[section, default: []].formUnion(Self.commaParts(name))
        faultComma(name, in: list, at: location, noun: section.noun)
        return true
    }

    /// One fault for a list, however many commas it holds.
    mutating func faultComma(_ name: String, in list: Setting, at location: SourceLocation, noun: String) {
        guard commaLists.insert(list.location).inserted else { return }
        let isShort = list.value.utf8.count <= 200
        let meant = isShort ? list.value.split { $0 == "," || $0 == " " || $0 == "\t" }.joined(separator: " ") : ""
        diagnostics.fault(
            "`\(name)` is taken as one \(noun) name: a comma separates nothing",
            at: location,
            advice: isShort ? "write `\(meant)`" : "put blanks between the names"
        )
    }

    static func commaParts(_ name: String) -> [String] {
        name.split(separator: ",").map(String.init)
    }

    /// Drops a component because of its own fault.
    mutating func drop(_ name: String, of section: RawAgent.Section) {
        broken[section, default: []].insert(name)
    }

    /// Drops a component because of another's fault.
    mutating func drop(
        _ name: String,
        of section: RawAgent.Section,
        because reason: String,
        at location: SourceLocation
    ) {
        drop(name, of: section)
        guard isLenient else { return }
        diagnostics.fault("\(section.noun) `\(name)` does not run: \(reason)", at: location)
    }

    func isBroken(_ name: String, _ section: RawAgent.Section) -> Bool {
        broken[section]?.contains(name) ?? false
    }

    /// Says that a name leads nowhere, and what was meant.
    mutating func faultUnknown(
        _ name: String,
        of section: RawAgent.Section,
        by what: String,
        in list: Setting,
        at location: SourceLocation
    ) {
        if hasComma(name, in: list, at: location, of: section) { return }
        let listKey = "\(raw.name).\(section.rawValue)"
        let advice =
            raw.components[section]?[name] != nil
            ? "it has settings: add it to `\(listKey)`"
            : hints.advice(for: name, among: listedNames[section] ?? [])
        diagnostics.fault(
            "\(what) names \(section.noun) `\(name)`, which is not in `\(listKey)`",
            at: location,
            advice: advice
        )
    }

    /// As Flume: a channel that nothing reads or fills is not made.
    private mutating func dropUnconnectedChannels() {
        let used = Set(sources.flatMap(\.channels)).union(sinks.map(\.channel))
        // After a fault in strict mode it is most often the fault that took the others away.
        if isLenient || !diagnostics.hasFault {
            for channel in channels where !used.contains(channel.name) {
                diagnostics.note(
                    "channel `\(channel.name)` has no source and no sink and is not made",
                    at: channel.location
                )
            }
        }
        channels.removeAll { !used.contains($0.name) }
    }
}
