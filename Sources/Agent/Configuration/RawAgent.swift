/// The keys of one agent, sorted by what they set, unchecked.
struct RawAgent {
    /// The five second words of a key. Each is a list of names, and the first word of its components' keys.
    enum Section: String, CaseIterable {
        case sources
        case channels
        case sinks
        case sinkGroups = "sinkgroups"
        case configFilters = "configfilters"

        var noun: String {
            switch self {
            case .sources: "source"
            case .channels: "channel"
            case .sinks: "sink"
            case .sinkGroups: "sink group"
            case .configFilters: "config filter"
            }
        }
    }

    struct Component {
        let name: String
        /// Of the first key.
        let location: SourceLocation
        var settings: [String: Setting] = [:]

        /// Where to point when a key of it is missing.
        var place: SourceLocation { settings["type"]?.keyLocation ?? location }
    }

    let name: String
    let location: SourceLocation
    var lists: [Section: Setting] = [:]
    var components: [Section: [String: Component]] = [:]
    /// Remarks on keys that set nothing.
    var diagnostics = Diagnostics()

    init(name: String, location: SourceLocation) {
        self.name = name
        self.location = location
    }

    /// Takes in a key without its agent name.
    ///
    /// - Parameter isReferenced: whether another value refers to the key, so that it has a use even if it sets nothing.
    mutating func add(_ key: Substring, _ setting: Setting, isReferenced: Bool) {
        let dot = key.utf8.firstIndex(of: 0x2E)
        let word = dot.map { key[..<$0] } ?? key
        guard let section = Section(rawValue: String(word)) else {
            guard !isReferenced else { return }
            let nearest = NearestName.nearest(to: String(word), among: Section.allCases.map(\.rawValue))
            diagnostics.note(
                "`\(name).\(key)` sets nothing: unknown word `\(word)`",
                at: setting.keyLocation,
                advice: nearest.map { "did you mean `\(name).\($0)\(key.dropFirst(word.count))`?" }
            )
            return
        }
        guard let dot else {
            lists[section] = setting
            return
        }
        let rest = key[key.utf8.index(after: dot)...]
        guard let end = rest.utf8.firstIndex(of: 0x2E), end != rest.startIndex,
            rest.utf8.index(after: end) != rest.endIndex
        else {
            guard !isReferenced else { return }
            diagnostics.note(
                "`\(name).\(key)` sets nothing: a key of a \(section.noun) is `\(name).\(section.rawValue).NAME.KEY`",
                at: setting.keyLocation
            )
            return
        }
        let component = String(rest[..<end])
        components[section, default: [:]][
            component,
            default: Component(name: component, location: setting.keyLocation)
        ].settings[String(rest[rest.utf8.index(after: end)...])] = setting
    }

    /// Whether anything makes it an agent that could run.
    var hasLists: Bool { !lists.isEmpty }
}
