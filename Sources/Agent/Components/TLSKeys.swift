package import Secure

/// Flume's TLS keys, the same for every component that listens or connects, and those that Tributary adds.
public enum TLSKeys {
    private static let limits = [
        KeySpec("exclude-protocols"), KeySpec("include-protocols"),
        KeySpec("exclude-cipher-suites"), KeySpec("include-cipher-suites"),
    ]

    private static let reload = KeySpec("ssl.reload-interval")
    private static let keyStore = [KeySpec("keystore"), KeySpec("keystore-password"), KeySpec("keystore-type")]
    private static let trustStore = [KeySpec("truststore"), KeySpec("truststore-password"), KeySpec("truststore-type")]

    /// Keys of a component that listens.
    public static let server =
        [KeySpec("ssl", form: .boolean), KeySpec("ssl.client-auth"), reload] + keyStore + trustStore + limits

    /// Keys of a component that connects.
    public static let client =
        [
            KeySpec("ssl", form: .boolean), KeySpec("trust-all-certs", form: .boolean),
            KeySpec("ssl.verify-hostname", form: .boolean), reload,
        ] + keyStore + trustStore + limits

    /// Where a store's path, password and type stand outside the component: `-Djavax.net.ssl.*`, then the environment.
    fileprivate struct Global {
        var key: String
        var property: String
        var variable: String

        static let keyStore = Global(
            key: "keystore",
            property: "javax.net.ssl.keyStore",
            variable: "FLUME_SSL_KEYSTORE"
        )
        static let trustStore = Global(
            key: "truststore",
            property: "javax.net.ssl.trustStore",
            variable: "FLUME_SSL_TRUSTSTORE"
        )

        func path(_ process: ProcessSettings) -> String? {
            process.systemProperties[property] ?? process.environment[variable + "_PATH"]
        }

        func password(_ process: ProcessSettings) -> String? {
            process.systemProperties[property + "Password"] ?? process.environment[variable + "_PASSWORD"]
        }

        func type(_ process: ProcessSettings) -> String? {
            process.systemProperties[property + "Type"] ?? process.environment[variable + "_TYPE"]
        }
    }

    /// A store that is named outside the component.
    package struct GlobalStore: Sendable {
        package let path: String?
        package let password: String?
        package let type: String?
    }

    /// The process's own key store.
    package static func keyStore(of process: ProcessSettings) -> GlobalStore { .init(Global.keyStore, process) }
    /// The process's own trust store.
    package static func trustStore(of process: ProcessSettings) -> GlobalStore { .init(Global.trustStore, process) }

    /// The settings of a server; `nil` where `ssl` is off.
    package static func server(
        _ settings: ComponentSettings,
        _ process: ProcessSettings,
        note: (Diagnostic) -> Void = { _ in }
    ) throws(ConfigurationFault) -> TLSServerSettings? {
        guard settings.bool("ssl", default: false) else { return nil }
        guard let keyStore = try store(.keyStore, settings, process) else {
            throw settings.fault(
                "keystore",
                "is missing; `ssl = true` needs a key store",
                advice: "a JKS, JCEKS, PKCS12 or PEM file"
            )
        }
        let mode = settings.string("ssl.client-auth", default: "none")
        guard let authentication = TLSClientAuthentication(rawValue: mode.lowercased()) else {
            let advice = NearestName.nearest(to: mode, among: ["none", "want", "need"]).map { "did you mean `\($0)`?" }
            throw settings.fault("ssl.client-auth", "`\(mode)` is not `none`, `want` or `need`", advice: advice)
        }
        let trustStore = try store(.trustStore, settings, process)
        if authentication != .none, trustStore == nil {
            throw settings.fault(
                "ssl.client-auth",
                "`\(mode)` needs `truststore`: the CAs that clients' certificates come from"
            )
        }
        return TLSServerSettings(
            keyStore: keyStore,
            trustStore: trustStore,
            clientAuthentication: authentication,
            limits: limits(settings, process, note),
            reloadSeconds: try reloadSeconds(settings)
        )
    }

    /// The settings of a client; `nil` where `ssl` is off.
    package static func client(
        _ settings: ComponentSettings,
        _ process: ProcessSettings,
        note: (Diagnostic) -> Void = { _ in }
    ) throws(ConfigurationFault) -> TLSClientSettings? {
        guard settings.bool("ssl", default: false) else { return nil }
        return TLSClientSettings(
            trustStore: try store(.trustStore, settings, process),
            // A Java sink never shows a certificate, so the global key store is not a client's.
            keyStore: settings.string("keystore") == nil ? nil : try store(.keyStore, settings, process),
            verifyHostname: settings.bool("ssl.verify-hostname", default: false),
            trustAll: settings.bool("trust-all-certs", default: false),
            limits: limits(settings, process, note),
            reloadSeconds: try reloadSeconds(settings)
        )
    }

    private static func reloadSeconds(_ settings: ComponentSettings) throws(ConfigurationFault) -> Int {
        try settings.int(reload.name, default: 10, min: 0, max: 86_400)
    }

    private static func store(
        _ global: Global,
        _ settings: ComponentSettings,
        _ process: ProcessSettings
    ) throws(ConfigurationFault) -> StoreReference? {
        guard let path = settings.string(global.key) ?? global.path(process) else { return nil }
        let type = settings.string(global.key + "-type") ?? global.type(process)
        if let type, StoreType(name: type) == nil {
            throw settings.fault(
                global.key + "-type",
                "`\(type)` is not a type of store",
                advice: "JKS, JCEKS, PKCS12 or PEM"
            )
        }
        return StoreReference(
            path: path,
            password: settings.string(global.key + "-password") ?? global.password(process),
            type: type.flatMap(StoreType.init(name:))
        )
    }

    /// The component's lists are separated by blanks, the global ones by blanks or commas (Flume's SSLUtil).
    private static func limits(
        _ settings: ComponentSettings,
        _ process: ProcessSettings,
        _ note: (Diagnostic) -> Void
    ) -> TLSLimits {
        func list(_ key: String, _ property: String, _ variable: String) -> [String] {
            let list = TLSNameList(key, "flume.ssl.\(property)", "FLUME_SSL_\(variable)", settings, process)
            list.check(note)
            return list.names
        }
        return TLSLimits(
            includeProtocols: list("include-protocols", "include.protocols", "INCLUDE_PROTOCOLS"),
            excludeProtocols: list("exclude-protocols", "exclude.protocols", "EXCLUDE_PROTOCOLS"),
            includeCipherSuites: list("include-cipher-suites", "include.cipherSuites", "INCLUDE_CIPHERSUITES"),
            excludeCipherSuites: list("exclude-cipher-suites", "exclude.cipherSuites", "EXCLUDE_CIPHERSUITES")
        )
    }
}

extension TLSKeys.GlobalStore {
    fileprivate init(_ global: TLSKeys.Global, _ process: ProcessSettings) {
        path = global.path(process)
        password = global.password(process)
        type = global.type(process)
    }
}
