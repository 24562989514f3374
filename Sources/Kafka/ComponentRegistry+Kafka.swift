public import Agent
internal import NIOCore

extension ComponentRegistry {
    /// Adds Flume's Kafka sink, source and channel.
    public mutating func registerKafka() {
        let sink = TypeEntry(
            className: "org.apache.flume.sink.kafka.KafkaSink",
            keys: Self.specs(KafkaSinkSettings.keys, KafkaSinkSettings.keyPrefixes),
            batchSize: .init("flumeBatchSize", default: 100)
        )
        register(sink: sink) { context throws(ConfigurationFault) in try KafkaSink(context) }
        let source = TypeEntry(
            className: "org.apache.flume.source.kafka.KafkaSource",
            keys: Self.specs(KafkaSourceSettings.keys, KafkaSourceSettings.keyPrefixes)
                + PollableKeys.unused + [AcknowledgeKeys.mode, AcknowledgeKeys.timeout],
            batchSize: .init("batchSize", default: 1000)
        )
        let channel = TypeEntry(
            className: "org.apache.flume.channel.kafka.KafkaChannel",
            keys: Self.specs(KafkaChannelSettings.keys, KafkaChannelSettings.keyPrefixes)
                + ["kafka.pollTimeout", "pollTimeout"].map {
                    KeySpec($0, withoutEffect: "the sink is woken when a record has come")
                }
        )
        register(channel: channel) { context throws(ConfigurationFault) in try KafkaChannel(context) }
        register(source: source) { context throws(ConfigurationFault) in try KafkaSource(context) }
    }

    private static func specs(_ keys: Set<String>, _ prefixes: [String]) -> [KeySpec] {
        keys.sorted().map { KeySpec($0) } + prefixes.map { KeySpec($0 + "*") }
    }
}

extension ComponentSettings {
    /// Reads a Kafka component's keys; a fault names the first that was found, the others are notes.
    fileprivate func read<Settings: NotedSettings>(
        _ note: (Diagnostic) -> Void,
        _ make: (_ values: [String: String], _ locate: (String) -> String) throws(SettingsFault) -> Settings
    ) throws(ConfigurationFault) -> Settings {
        var values: [String: String] = [:]
        for key in keys { values[key] = string(key) }
        do throws(SettingsFault) {
            let settings = try make(values) { fullKey($0) }
            for remark in settings.notes {
                note(Diagnostic(grade: .note, location: location(of: remark.key), message: remark.message))
            }
            return settings
        } catch {
            let faults = error.faults.map { ConfigurationFault($0.message, location: location(of: $0.key)) }
            for fault in faults.dropFirst() { note(fault.diagnostic) }
            throw faults.first ?? ConfigurationFault("\(kind.noun) `\(name)` cannot be configured", location: location)
        }
    }
}

extension KafkaSink {
    convenience init(_ context: SinkContext) throws(ConfigurationFault) {
        let settings = try context.settings.read(context.note) { values, locate throws(SettingsFault) in
            try KafkaSinkSettings(
                values,
                name: context.settings.name,
                deliversForCallers: context.deliversForCallers,
                process: context.process,
                locate: locate
            )
        }
        self.init(
            name: context.settings.name,
            settings: settings,
            counters: context.counters,
            eventLoop: context.eventLoop,
            logger: context.logger
        )
    }
}

extension KafkaSource {
    convenience init(_ context: SourceContext) throws(ConfigurationFault) {
        let settings = try context.settings.read(context.note) { values, locate throws(SettingsFault) in
            try KafkaSourceSettings(values, name: context.settings.name, process: context.process, locate: locate)
        }
        self.init(
            name: context.settings.name,
            settings: settings,
            processor: context.processor,
            counters: context.counters,
            eventLoop: context.eventLoopGroup.next(),
            logger: context.logger
        )
    }
}

extension KafkaChannel {
    convenience init(_ context: ChannelContext) throws(ConfigurationFault) {
        let settings = try context.settings.read(context.note) { values, locate throws(SettingsFault) in
            try KafkaChannelSettings(values, name: context.settings.name, process: context.process, locate: locate)
        }
        self.init(
            name: context.settings.name,
            settings: settings,
            counters: context.counters,
            admission: context.admission,
            byteCapacity: context.defaultByteCapacity,
            eventLoop: context.eventLoopGroup.next(),
            logger: context.logger
        )
    }
}
