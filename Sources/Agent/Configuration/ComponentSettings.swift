/// The settings of one component, or of one part of it: values by key, with the place of each in the file.
///
/// Keys are relative to the component; every fault that an accessor throws names the full key, as it stands in the
/// file, and its place.
public struct ComponentSettings: Sendable {
    public let kind: ComponentKind
    public let name: String
    /// As written, or the default where nothing is written.
    public let type: String
    /// The class name of the type's entry in the catalog.
    public let className: String
    /// What stands before a relative key in the file: `a1.sources.r1.`
    public let prefix: String
    /// Where the component is: its `type`, or its first key.
    public let location: SourceLocation?
    package private(set) var values: [String: Setting]

    package init(
        kind: ComponentKind,
        name: String,
        type: String,
        className: String,
        prefix: String,
        location: SourceLocation?,
        values: [String: Setting]
    ) {
        self.kind = kind
        self.name = name
        self.type = type
        self.className = className
        self.prefix = prefix
        self.location = location
        self.values = values
    }

    /// Settings that stand in no file, for tests and for components that are made by hand.
    public init(
        kind: ComponentKind,
        name: String,
        type: String = "",
        prefix: String = "",
        _ values: [String: String]
    ) {
        let nowhere = SourceLocation(file: "-", line: 0, column: 0)
        self.init(
            kind: kind,
            name: name,
            type: type,
            className: type,
            prefix: prefix,
            location: nil,
            values: values.mapValues { Setting(value: $0, keyLocation: nowhere, location: nowhere) }
        )
    }

    /// All keys that are set, sorted.
    public var keys: [String] { values.keys.sorted() }

    /// The key as it stands in the file.
    public func fullKey(_ key: String) -> String { prefix + key }

    /// Where the value of the key starts; the component's place when the key is not set.
    public func location(of key: String) -> SourceLocation? {
        guard let place = values[key]?.location else { return location }
        return place.line == 0 ? nil : place
    }

    /// The settings whose keys begin with `part` and a dot, without those: `serializer.appendNewline` becomes
    /// `appendNewline`. Their type is the value of the key `part` itself, else `defaultType`.
    public func subsettings(_ part: String, kind: ComponentKind? = nil, defaultType: String = "") -> ComponentSettings {
        let start = part + "."
        var inner: [String: Setting] = [:]
        for (key, setting) in values where key.hasPrefix(start) && key.utf8.count > start.utf8.count {
            inner[String(key.dropFirst(start.count))] = setting
        }
        let type = values[part]?.value ?? defaultType
        return ComponentSettings(
            kind: kind ?? self.kind,
            name: name,
            type: type,
            className: type,
            prefix: prefix + start,
            location: location(of: part),
            values: inner
        )
    }

    mutating func set(_ key: String, to setting: Setting) {
        values[key] = setting
    }

    /// A fault about the value of a key, with its place.
    public func fault(_ key: String, _ message: String, advice: String? = nil) -> ConfigurationFault {
        ConfigurationFault("`\(fullKey(key))`: \(message)", location: location(of: key), advice: advice)
    }
}
