public import Agent

extension ComponentRegistry {
    /// Adds Flume's Kafka sink.
    public mutating func registerKafka() {
        let type = TypeEntry(
            className: "org.apache.flume.sink.kafka.KafkaSink",
            keys: KafkaSinkSettings.keys.sorted().map { KeySpec($0) }
                + KafkaSinkSettings.keyPrefixes.map { KeySpec($0 + "*") },
            batchSize: .init("flumeBatchSize", default: 100)
        )
        register(sink: type) { context throws(ConfigurationFault) in try KafkaSink(context) }
    }
}

extension KafkaSink {
    /// From the sink's keys in the file; a fault names the first that was found, the others are notes.
    convenience init(_ context: SinkContext) throws(ConfigurationFault) {
        let settings = context.settings
        var values: [String: String] = [:]
        for key in settings.keys { values[key] = settings.string(key) }
        do throws(SettingsFault) {
            let parsed = try KafkaSinkSettings(
                values,
                name: settings.name,
                deliversForCallers: context.deliversForCallers,
                locate: { settings.fullKey($0) }
            )
            for note in parsed.notes {
                context.note(Diagnostic(grade: .note, location: settings.location(of: note.key), message: note.message))
            }
            self.init(
                name: settings.name,
                settings: parsed,
                counters: context.counters,
                eventLoop: context.eventLoop,
                logger: context.logger
            )
        } catch {
            let faults = error.faults.map { ConfigurationFault($0.message, location: settings.location(of: $0.key)) }
            for fault in faults.dropFirst() { context.note(fault.diagnostic) }
            throw faults.first ?? ConfigurationFault("the Kafka sink cannot be configured", location: settings.location)
        }
    }
}
