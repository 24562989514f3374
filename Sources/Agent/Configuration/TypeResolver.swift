/// Says which type a `type` value names, or why it names none.
struct TypeResolver {
    let catalog: TypeCatalog

    func resolve(_ type: String, kind: ComponentKind) -> Result<TypeEntry, TypeFault> {
        if let entry = catalog.entry(of: kind, named: type) { return .success(entry) }
        if let entry = FlumeTypes.entry(of: kind, named: type) {
            // One of the two names may be in the catalog where the other is not.
            let other = entry.className == type ? entry.alias : entry.className
            if let known = other.flatMap({ catalog.entry(of: kind, named: $0) }) { return .success(known) }
            return .failure(
                TypeFault(
                    message: "`\(type)` is a Flume \(kind.noun) that Tributary does not have",
                    advice: NearestWay.instead(of: entry, kind: kind)
                )
            )
        }
        return .failure(unknown(type, kind: kind))
    }

    private func unknown(_ type: String, kind: ComponentKind) -> TypeFault {
        let isClass = type.utf8.contains(0x2E)
        let entries = catalog.entries(of: kind)
        let flume = FlumeTypes.entries(of: kind)
        let classes = Set(entries.map(\.className)).union(flume.map(\.className)).sorted()
        let unknown = "unknown \(kind.noun) type `\(type)`"
        if kind.usesBuilders, isClass, classes.contains(type + "$Builder") {
            return TypeFault(message: "\(unknown): it is the class, not its builder", advice: "write `\(type)$Builder`")
        }
        if isClass {
            if let nearest = NearestName.nearest(to: type, among: classes) {
                return TypeFault(message: unknown, advice: "did you mean `\(nearest)`? Class names are exact in case")
            }
            if type.hasPrefix("org.apache.flume.") {
                return TypeFault(
                    message: "\(unknown): Flume has no such class",
                    advice: NearestWay.insteadOfForeignClass(kind: kind)
                )
            }
            return TypeFault(
                message: "`\(type)` is a Java class; Tributary cannot load it",
                advice: NearestWay.insteadOfForeignClass(kind: kind)
            )
        }
        let lower = type.lowercased()
        if let className = classes.first(where: { Self.simpleName($0) == lower }) {
            let alias =
                (entries.first { $0.className == className }?.alias)
                ?? (flume.first { $0.className == className }?.alias)
            return TypeFault(
                message: "\(unknown): a class needs its package",
                advice: "write `\(alias ?? className)`"
            )
        }
        // What Tributary has comes first: of two names equally near it is the more useful.
        let names = entries.compactMap(\.alias) + flume.compactMap(\.alias)
        if let nearest = NearestName.nearest(to: type, among: names) {
            return TypeFault(message: unknown, advice: "did you mean `\(nearest)`?")
        }
        let known = entries.map(\.shortName).sorted()
        return TypeFault(
            message: unknown,
            advice: known.isEmpty ? nil : "known are \(known.prefix(30).map { "`\($0)`" }.joined(separator: ", "))"
        )
    }

    /// The last part of a class name, in lower case, without `$Builder`.
    private static func simpleName(_ className: String) -> String {
        var name = className.split(separator: ".").last ?? ""
        if name.hasSuffix("$Builder") { name = name.dropLast(8) }
        return name.lowercased()
    }
}

/// Why a type cannot be used.
struct TypeFault: Error {
    let message: String
    let advice: String?
}
