internal import Journal

/// A channel of an agent's file, for who looks at its directories while no agent runs it.
package struct StoredChannel: Sendable {
    package let checkpointDirectory: String
    package let dataDirectories: [String]
    private let settings: ComponentSettings
    private let encryption: EncryptionSettings?

    init(_ settings: ComponentSettings, _ process: ProcessSettings) throws(ConfigurationFault) {
        let directories = ChannelDirectories(settings, process)
        checkpointDirectory = directories.checkpoint
        dataDirectories = directories.data
        self.settings = settings
        encryption = try EncryptionSettings(settings)
    }

    /// Where a channel is named.
    package struct Place: Sendable {
        /// Properties files, merged in this order.
        package var files: [String]
        package var agent: String
        /// Not needed where the agent has one channel that keeps events on disk.
        package var channel: String?

        package init(files: [String], agent: String, channel: String?) {
            self.files = files
            self.agent = agent
            self.channel = channel
        }
    }

    /// Finds a file channel or a spillable memory channel in the agent's files. What else is wrong in them does not matter.
    ///
    /// - Parameter tell: has the faults of the files where the channel is not found.
    package static func find(
        _ place: Place,
        catalog: TypeCatalog,
        process: ProcessSettings,
        tell: (Diagnostic) -> Void
    ) throws(ConfigurationFault) -> StoredChannel {
        var files: [(path: String, bytes: [UInt8])] = []
        for path in place.files { files.append((path, try ConfigurationFile.contents(of: path))) }
        let outcome = ConfigurationLoader.load(
            files: files,
            agent: place.agent,
            catalog: catalog,
            systemProperties: process.systemProperties,
            environment: process.environment,
            lenient: true,
            runProgram: FilterProgram.run
        )
        let stored = (outcome.configuration?.channels ?? []).filter(keepsFiles)
        let found = stored.filter { place.channel == nil || $0.name == place.channel }
        guard found.count == 1 else {
            for fault in outcome.diagnostics.faults { tell(fault) }
            throw missing(place, stored.map(\.name))
        }
        return try StoredChannel(found[0], process)
    }

    private static func keepsFiles(_ channel: ComponentSettings) -> Bool {
        [FileChannel.type.className, SpillableMemoryChannel.type.className].contains(channel.className)
    }

    private static func missing(_ place: Place, _ names: [String]) -> ConfigurationFault {
        let known = names.map { "`\($0)`" }.joined(separator: ", ")
        guard let channel = place.channel else {
            let many = "agent `\(place.agent)` has more than one channel that keeps events on disk"
            let none = "agent `\(place.agent)` has no channel that keeps events on disk"
            return ConfigurationFault(names.isEmpty ? none : many, advice: names.isEmpty ? nil : "name one of \(known)")
        }
        return ConfigurationFault(
            "agent `\(place.agent)` has no channel `\(channel)` that keeps events on disk",
            advice: names.isEmpty ? nil : "those that do are \(known)"
        )
    }

    /// The keys of `encryption.*`, read now; `nil` where the channel has none.
    package func keys() throws(ConfigurationFault) -> StoredKeys? {
        guard let encryption else { return nil }
        do throws(EncryptionKeys.Fault) {
            return StoredKeys(cipher: SegmentEncryption(try EncryptionKeys(encryption)))
        } catch {
            throw settings.fault(error.key, error.message)
        }
    }
}

/// What opens the events of a channel that encrypts them.
package struct StoredKeys: Sendable {
    let cipher: any JournalCipher
}
