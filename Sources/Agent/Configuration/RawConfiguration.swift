/// All agents of the files, in the order of their first keys.
struct RawConfiguration {
    private(set) var names: [String] = []
    private(set) var agents: [String: RawAgent] = [:]

    /// Sorts resolved properties by agent. Keys without an agent and values that are empty are left out with a note.
    init(_ properties: [Property], referenced: Set<String>, diagnostics: inout Diagnostics) {
        for property in properties {
            let key = Setting.trimmed(property.key)
            let value = Setting.trimmed(property.value)
            let isReferenced = referenced.contains(property.key)
            guard !value.isEmpty else {
                diagnostics.note("`\(key)` has no value and is ignored, as in Flume", at: property.location)
                continue
            }
            guard let dot = key.utf8.firstIndex(of: 0x2E), dot != key.startIndex,
                key.utf8.index(after: dot) != key.endIndex
            else {
                if !isReferenced {
                    diagnostics.note("`\(key)` names no agent and is ignored", at: property.location)
                }
                continue
            }
            let name = String(key[..<dot])
            if agents[name] == nil {
                agents[name] = RawAgent(name: name, location: property.location)
                names.append(name)
            }
            let setting = Setting(
                value: value,
                keyLocation: property.location,
                location: property.valueLocation,
                isVerbatim: property.isVerbatim
            )
            agents[name]?.add(key[key.utf8.index(after: dot)...], setting, isReferenced: isReferenced)
        }
    }
}
