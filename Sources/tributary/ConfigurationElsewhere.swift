import Agent
import ArgumentParser

/// Flume's other ways to a configuration: what of them is taken, and what is told to be missing.
struct ConfigurationElsewhere: ParsableArguments {
    @Option(name: [.customShort("z"), .customLong("zkConnString")])
    var zooKeeper: String?

    @Option(name: [.customShort("p"), .customLong("zkBasePath")])
    var zooKeeperPath: String?

    @Option(name: .customLong("conf-provider"))
    var provider: String?

    @Option(name: [.customShort("a"), .customLong("auth-provider")])
    var authorization: String?

    @Option(name: .customLong("conf-user"))
    var user: String?

    @Option(name: .customLong("conf-password"))
    var password: String?

    /// The configuration is read once: how often to look for changes, and where to keep a copy, have no effect yet.
    @Option(name: [.customShort("i"), .customLong("poll-interval")])
    var pollInterval: String?

    @Option(name: [.customShort("b"), .customLong("backup-directory")])
    var backup: String?

    /// The paths behind `file:` URIs.
    func files(of uris: [String]) throws(ConfigurationFault) -> [String] {
        if zooKeeper != nil {
            throw ConfigurationFault("-z: Tributary reads no configuration from ZooKeeper", advice: "use -f FILE")
        }
        if let provider {
            throw ConfigurationFault(
                "--conf-provider: `\(provider)` is a Java class; Tributary cannot load it",
                advice: "use -f FILE"
            )
        }
        var paths: [String] = []
        for uri in uris {
            guard uri.hasPrefix("file:") else {
                throw ConfigurationFault(
                    "-u: `\(uri)` is not a `file:` URI, the only kind that is read",
                    advice: "use -f FILE"
                )
            }
            let path = uri.dropFirst("file:".count)
            paths.append(path.hasPrefix("//") ? String(path.dropFirst(2)) : String(path))
        }
        return paths
    }
}
