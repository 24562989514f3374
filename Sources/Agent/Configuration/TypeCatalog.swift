/// All types of components that this process can make.
public struct TypeCatalog: Sendable {
    private var entries: [ComponentKind: [TypeEntry]] = [:]
    private var byAlias: [ComponentKind: [String: Int]] = [:]
    private var byClass: [ComponentKind: [String: Int]] = [:]

    public init() {}

    /// Adds a type; one with the same alias or class name is found no more by that name.
    public mutating func add(_ entry: TypeEntry, as kind: ComponentKind) {
        let index = entries[kind, default: []].count
        entries[kind, default: []].append(entry)
        if let alias = entry.alias { byAlias[kind, default: [:]][alias.lowercased()] = index }
        byClass[kind, default: [:]][entry.className] = index
    }

    public func entries(of kind: ComponentKind) -> [TypeEntry] {
        entries[kind] ?? []
    }

    /// The type by its alias, in any case, or its class name, in exact case.
    public func entry(of kind: ComponentKind, named type: String) -> TypeEntry? {
        let index = byClass[kind]?[type] ?? byAlias[kind]?[type.lowercased()]
        return index.flatMap { entries[kind]?[$0] }
    }
}
