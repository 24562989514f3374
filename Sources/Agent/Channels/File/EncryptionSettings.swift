/// Flume's keys `encryption.*` of the file channel, and a provider of Tributary's own.
struct EncryptionSettings: Sendable {
    /// Where the keys come from.
    enum Provider: Sendable {
        /// A JCEKS store of Java's keytool (org.apache.flume.channel.file.encryption.JCEFileKeyProvider); passwords are
        /// what files hold, by alias where a key has its own.
        case store(path: String, passwordFile: String, keyPasswordFiles: [String: String])
        /// Files of 16, 24 or 32 bytes each, by alias.
        case files([String: String])
    }

    static let keys = [
        KeySpec("encryption.keyProvider", form: .type(.keyProvider)), KeySpec("encryption.activeKey"),
        KeySpec("encryption.cipherProvider", form: .type(.cipherProvider)),
    ]

    static let storeProvider = TypeEntry(
        alias: "jceksfile",
        className: "org.apache.flume.channel.file.encryption.JCEFileKeyProvider$Builder",
        keys: [
            KeySpec("keyStoreFile", required: true), KeySpec("keyStorePasswordFile", required: true),
            KeySpec("keys", required: true), KeySpec("keys.*"),
        ]
    )
    static let fileProvider = TypeEntry(
        alias: "rawfile",
        className: "tributary.RawFileKeyProvider",
        keys: [KeySpec("keys", required: true), KeySpec("keys.*")]
    )
    static let cipherProvider = TypeEntry(
        alias: "aesctrnopadding",
        className: "org.apache.flume.channel.file.encryption.AESCTRNoPaddingProvider",
        keys: []
    )

    /// A segment's header has room for so many bytes of an alias.
    private static let longestAlias = 512

    let activeKey: String
    /// In the order of `encryption.keyProvider.keys`.
    let aliases: [String]
    let provider: Provider

    /// `nil` where nothing is encrypted. All three keys or none, as in Flume.
    init?(_ settings: ComponentSettings) throws(ConfigurationFault) {
        let needed = ["encryption.keyProvider", "encryption.activeKey", "encryption.cipherProvider"]
        let set = needed.filter { settings.string($0) != nil }
        guard !set.isEmpty else { return nil }
        for key in needed where !set.contains(key) {
            throw settings.fault(set[0], "needs `\(settings.fullKey(key))`", advice: Self.advice[key])
        }
        activeKey = try settings.required("encryption.activeKey")
        let inner = settings.subsettings("encryption.keyProvider", kind: .keyProvider)
        aliases = inner.list("keys")
        guard !aliases.isEmpty else { throw inner.missing("keys") }
        if let long = aliases.first(where: { $0.utf8.count > Self.longestAlias }) {
            throw inner.fault("keys", "`\(long.prefix(20))…` is longer than \(Self.longestAlias) bytes")
        }
        guard aliases.contains(activeKey) else {
            throw settings.fault(
                "encryption.activeKey",
                "`\(activeKey)` is not one of `\(inner.fullKey("keys"))` (\(aliases.joined(separator: ", ")))"
            )
        }
        var files: [String: String] = [:]
        let isStore = Self.isNamed(inner.type, Self.storeProvider)
        for alias in aliases {
            let key = "keys.\(alias).\(isStore ? "passwordFile" : "file")"
            files[alias] = isStore ? inner.string(key) : try inner.required(key)
        }
        provider =
            isStore
            ? .store(
                path: try inner.required("keyStoreFile"),
                passwordFile: try inner.required("keyStorePasswordFile"),
                keyPasswordFiles: files
            ) : .files(files)
    }

    private static let advice = [
        "encryption.keyProvider": "`JCEKSFILE` or `RAWFILE`", "encryption.activeKey": "the alias of a key",
        "encryption.cipherProvider": "`AESCTRNOPADDING`",
    ]

    private static func isNamed(_ type: String, _ entry: TypeEntry) -> Bool {
        type == entry.className || type.lowercased() == entry.alias
    }
}
